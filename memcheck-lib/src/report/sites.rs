//! Where what survives was allocated.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Report, Verdict};
use crate::metric::Metric;
use crate::recorder::SiteKind;

/// A number of things and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Amount {
    /// How many blocks, mappings, threads or descriptors.
    pub blocks: i64,
    /// Their bytes; 0 for threads and descriptors.
    pub bytes: i64,
}

/// What was recorded while the worker ran on after its test was found to grow.
///
/// For each kind: sites + what became of what is older than the recording + rest = growth of the
/// counters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sites {
    /// Iterations that the worker had done before: those of the judged part too, unless another worker
    /// was recorded, which had only run its warm-up.
    #[serde(default, skip_serializing_if = "is_none")]
    pub began_after: u64,
    /// Iterations that were recorded.
    pub iterations: u64,
    /// Whether the growth showed again while it was recorded. If not, the sites are those of other
    /// memory; the verdict stands.
    pub grew_again: bool,
    /// The account of each kind that was recorded.
    pub accounts: Vec<Account>,
    /// Those that grow first, by bytes and then blocks per iteration; the smallest are summed up in
    /// `omitted`.
    pub sites: Vec<Site>,
    /// Sites that were left out here, though counted in the account, and what survives of them.
    #[serde(default)]
    pub omitted: Omitted,
    /// The files that the frames lie in.
    pub modules: Vec<Module>,
    /// What the reader must know, in sentences: growth without a site, debug information that is
    /// not there.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Whether there are no iterations to speak of.
fn is_none(iterations: &u64) -> bool {
    *iterations == 0
}

/// Where the growth of one kind went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Account {
    /// What it is of.
    pub kind: SiteKind,
    /// By how much the counters grew over the recorded iterations.
    pub growth: Amount,
    /// What survives of all sites together, those that do not grow included.
    pub sites: Amount,
    /// What became of what is older than the recording: released, it counts down; a mapping that was
    /// cut in two counts up.
    pub older: Amount,
    /// Growth that is neither.
    pub rest: Amount,
}

/// Sites that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Omitted {
    /// How many.
    pub sites: u64,
    /// What survives of them.
    pub survived: Amount,
}

/// Surviving blocks that share one call stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Site {
    /// What they are.
    pub kind: SiteKind,
    /// Whether they grow with the iterations. A lazy static, or a cache that is full, survives and
    /// does not.
    pub grows: bool,
    /// What survives of the recorded iterations.
    pub survived: Amount,
    /// The call stack, innermost frame first.
    pub stack: Vec<Frame>,
    /// The line to look at: the innermost one in the user's own code. Filled in once the frames
    /// are resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// One return address of a call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Frame {
    /// Where the call returns to, as an address of the worker.
    pub address: u64,
    /// Index into [`Sites::modules`]; `None` for code in no file (generated while running).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<usize>,
    /// Offset of the address in the module's file.
    #[serde(default)]
    pub offset: u64,
    /// The functions at this address, inlined ones first. Empty until resolved, and where the
    /// module has no symbols.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Place>,
}

/// An executable or a shared library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Module {
    /// Its path, as the kernel names it.
    pub path: String,
    /// What is known of which file this was while the worker ran: all of it must hold. Not part of a
    /// stored report.
    #[serde(skip)]
    pub versions: Vec<FileVersion>,
}

/// What tells a file from one that is written to the same path later.
///
/// A program that is built anew while its tests run has other functions at the same addresses: who
/// looks them up compares this first.
///
/// ```
/// use memcheck::report::FileVersion;
///
/// let program = std::env::current_exe()?;
/// assert_eq!(FileVersion::of(&program)?, FileVersion::of(&program)?);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileVersion(Version);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Version {
    Status { inode: u64, bytes: u64, modified: Option<SystemTime> },
    Build(Vec<u8>),
}

impl FileVersion {
    /// That of the file at `path` now.
    ///
    /// # Errors
    ///
    /// When nothing can be said of the file: it is not there, or its folder cannot be searched.
    pub fn of(path: &Path) -> io::Result<FileVersion> {
        let of = std::fs::metadata(path)?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&of);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(FileVersion(Version::Status { inode, bytes: of.len(), modified: of.modified().ok() }))
    }

    /// That of an ELF file with this identifier of its build (the note `NT_GNU_BUILD_ID`).
    pub fn of_build(id: Vec<u8>) -> FileVersion {
        FileVersion(Version::Build(id))
    }

    /// Whether the file at `path`, with `build` as the identifier in it, is this one.
    ///
    /// ```
    /// # use memcheck::report::FileVersion;
    /// let version = FileVersion::of_build(vec![0xab, 0xcd]);
    /// assert!(version.is_of("/lib/a.so".as_ref(), Some(&[0xab, 0xcd])));
    /// assert!(!version.is_of("/lib/a.so".as_ref(), None));
    /// ```
    pub fn is_of(&self, path: &Path, build: Option<&[u8]>) -> bool {
        match &self.0 {
            Version::Status { .. } => FileVersion::of(path).is_ok_and(|now| now == *self),
            Version::Build(id) => build == Some(id),
        }
    }
}

/// A function, and the place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    /// Demangled name.
    pub function: String,
    /// Source file; relative to the workspace where it lies in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Sites {
    /// The sites that grow, of the kind that `metric` counts; the largest first. The
    /// footprint has those of mappings: what grows in a heap is traced by the heap. Tasks
    /// have those of the heap at which tokio allocates a task, once their frames are resolved.
    ///
    /// ```
    /// # use memcheck::{Metric, report::{Site, SiteKind, Sites}};
    /// # let site = |kind, grows| Site { kind, grows, survived: Default::default(), stack: vec![], place: None };
    /// let sites = Sites {
    ///     sites: vec![site(SiteKind::Thread, true), site(SiteKind::RustHeap, false)],
    ///     ..Sites::default()
    /// };
    /// assert_eq!(sites.growing(Metric::Threads).count(), 1);
    /// assert_eq!(sites.growing(Metric::HeapBytes).count(), 0);
    /// ```
    pub fn growing(&self, metric: Metric) -> impl Iterator<Item = &Site> {
        let kind = match metric {
            Metric::HeapBytes | Metric::HeapBlocks => Some(SiteKind::RustHeap),
            Metric::NativeBytes | Metric::NativeBlocks => Some(SiteKind::CHeap),
            Metric::Threads => Some(SiteKind::Thread),
            Metric::Fds | Metric::FdMemory => Some(SiteKind::Descriptor),
            Metric::Resident | Metric::Mappings => Some(SiteKind::Mapping),
            // A task is a block of the Rust heap.
            Metric::Tasks => Some(SiteKind::RustHeap),
            Metric::Children => Some(SiteKind::Child),
        };
        self.sites
            .iter()
            .filter(move |site| site.grows && Some(site.kind) == kind)
            .filter(move |site| metric != Metric::Tasks || site.is_task())
    }
}

impl Site {
    /// Whether the block is a task of tokio, which is one allocation for each: what makes it stands
    /// between the allocator and the line to look at. Not what a task allocates while it runs.
    fn is_task(&self) -> bool {
        let places = self.stack.iter().flat_map(|frame| &frame.functions);
        let mut inner = places.take_while(|&place| self.place.as_ref() != Some(place));
        inner.any(|place| {
            let name = place.function.as_str();
            let in_file = |file: &String| file.ends_with("/src/runtime/task/core.rs");
            // Inlined functions may have no path in their names.
            let is_short = name == "new" || name.starts_with("new<");
            name.contains("tokio::runtime::task::core::Cell") && name.ends_with("::new")
                || is_short && place.file.as_ref().is_some_and(in_file)
        })
    }
}

impl Report {
    /// The site that explains the report best: the largest that grows of the first growing metric
    /// that has one. `None` without recorded sites.
    pub fn leading_site(&self) -> Option<&Site> {
        self.growing_sites().next()
    }

    /// The sites that grow, those of the metric that explains most first.
    fn growing_sites(&self) -> impl Iterator<Item = &Site> {
        let growing = self.metrics.iter().filter(|of| of.verdict != Verdict::Steady);
        // A thread brings heap with it, so what is dear comes first.
        let (first, rest): (Vec<_>, Vec<_>) = growing
            .map(|of| of.metric)
            .partition(|metric| matches!(metric, Metric::Threads | Metric::Children));
        let metrics = first.into_iter().chain(rest);
        self.sites.iter().flat_map(move |sites| {
            metrics.clone().flat_map(|metric| sites.growing(metric)).collect::<Vec<_>>()
        })
    }

    /// The line to look at: that of the first growing site with a file, else that of the test.
    /// Its file is relative to the workspace where it lies in it, as those of tests are.
    ///
    /// ```
    /// # use memcheck::report::{Outcome, Report, TestId};
    /// let test = TestId { name: "tests::a".into(), file: "src/lib.rs".into(), line: 7, ..TestId::default() };
    /// let report = Report::unobserved(test, Outcome::Lost);
    /// assert_eq!(report.place().line, Some(7));
    /// ```
    pub fn place(&self) -> Place {
        let mut places = self.growing_sites().filter_map(|site| site.place.as_ref());
        let of_site = places.find(|place| place.file.is_some()).cloned();
        of_site.unwrap_or_else(|| self.test.place())
    }
}

impl super::TestId {
    /// Where the test stands.
    pub fn place(&self) -> Place {
        let known = |number: u32| Some(number).filter(|&number| number > 0);
        Place {
            function: self.name.clone(),
            file: Some(self.file.clone()).filter(|file| !file.is_empty()),
            line: known(self.line),
            column: known(self.column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_what_tokio_allocates_for_one() {
        let place = |function: &str, file: &str| Place {
            function: function.into(),
            file: Some(file.into()),
            line: Some(7),
            column: None,
        };
        let user = place("my::spawns", "src/lib.rs");
        let core = "/r/tokio-1.40.0/src/runtime/task/core.rs";
        let boxed = place("alloc::boxed::Box<T>::new", "/rustc/1/library/alloc/src/boxed.rs");
        for (inner, is_task) in [
            (place("tokio::runtime::task::core::Cell<T,S>::new", core), true),
            (place("<tokio::runtime::task::core::Cell<A, B>>::new", core), true),
            (place("new<my::spawns::{async_block_env#0}, S>", core), true),
            (place("tokio::runtime::task::core::Core<T,S>::poll", core), false),
            (place("tokio::sync::mpsc::chan::Tx<T,S>::new", "/r/chan.rs"), false),
        ] {
            let frames = [&boxed, &inner, &user]
                .map(|place| Frame { functions: vec![place.clone()], ..Frame::default() });
            let mut site = Site {
                kind: SiteKind::RustHeap,
                grows: true,
                survived: Amount { blocks: 8, bytes: 1024 },
                stack: frames.to_vec(),
                place: Some(user.clone()),
            };
            let tasks = |site: &Site| {
                let sites = Sites { sites: vec![site.clone()], ..Sites::default() };
                sites.growing(Metric::Tasks).count()
            };
            assert_eq!(tasks(&site), usize::from(is_task), "{inner:?}");
            // What a task allocates: the line is within what tokio calls.
            site.stack.reverse();
            site.stack.swap(0, 1);
            site.stack.swap(1, 2);
            site.stack.insert(0, Frame { functions: vec![user.clone()], ..Frame::default() });
            assert_eq!(tasks(&site), 0, "{inner:?}");
        }
    }
}

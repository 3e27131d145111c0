//! Sites: where surviving blocks, descriptors, threads … were acquired.

use serde::{Deserialize, Serialize};

use super::modules::Module;
use super::source_location::SourceLocation;
use crate::metric::{Evidence, Metric, SiteKind};

/// A number of items and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Amount {
    /// How many blocks, mappings, threads or descriptors.
    pub blocks: i64,
    /// Their bytes; 0 for threads and descriptors.
    pub bytes: i64,
}

/// What was recorded in further iterations, after the test was found to grow.
///
/// For each kind: sites + older + rest = growth of the counters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sites {
    /// Iterations before the recording. They include the judged part, unless a second worker was
    /// recorded, which only ran the warm-up before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub began_after: u64,
    /// Recorded iterations.
    pub iterations: u64,
    /// Whether the growth recurred during the recording. If not, the sites show other memory; the
    /// verdict does not change.
    pub grew_again: bool,
    /// The account of each kind that was recorded.
    pub accounts: Vec<Account>,
    /// Growing sites first, ordered by bytes and then by blocks per iteration. `omitted` sums up the
    /// smallest ones.
    pub sites: Vec<Site>,
    /// Sites that are not listed, but included in the account.
    #[serde(default)]
    pub omitted: Omitted,
    /// The files that the frames belong to.
    pub modules: Vec<Module>,
    /// Sentences about the recording: growth without a site, missing debug information.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Whether a number is left out of JSON.
fn is_zero(iterations: &u64) -> bool {
    *iterations == 0
}

/// Where the growth of one kind went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Account {
    /// The kind of site.
    pub kind: SiteKind,
    /// Growth of the counters over the recorded iterations.
    pub growth: Amount,
    /// What survives at all sites, including those that do not grow.
    pub sites: Amount,
    /// Changes of items older than the recording: a released one counts down, and a mapping that was
    /// split counts up.
    pub older: Amount,
    /// Growth that is neither of these.
    pub rest: Amount,
}

/// Sites that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Omitted {
    /// Number of sites.
    pub sites: u64,
    /// What survives there.
    pub survived: Amount,
}

/// Surviving blocks that share one call stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Site {
    /// The kind of the blocks.
    pub kind: SiteKind,
    /// Whether they grow with the iterations. A lazy static and a full cache survive without growing.
    pub grows: bool,
    /// What survives of the recorded iterations.
    pub survived: Amount,
    /// The call stack, innermost frame first.
    pub stack: Vec<Frame>,
    /// The innermost line in the user's own code. Set when the frames are resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<SourceLocation>,
}

/// One return address of a call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Frame {
    /// The return address in the worker.
    pub address: u64,
    /// Index into [`Sites::modules`]; `None` for code without a file (JIT code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<usize>,
    /// Offset of the address in the module's file.
    #[serde(default)]
    pub offset: u64,
    /// The functions at this address, inlined ones first. Empty until resolved, and if the module has
    /// no symbols.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<SourceLocation>,
}

impl Sites {
    /// The growing sites of the kind that `metric` counts, the largest first. The footprint has those of
    /// mappings, because growth in a heap belongs to the metrics of the heap. Tasks have those at which
    /// tokio allocates a task, once their frames are resolved.
    ///
    /// ```
    /// # use memcheck::Metric;
    /// use memcheck::tool::report::{Site, SiteKind, Sites};
    /// # let site = |kind, grows| Site { kind, grows, survived: Default::default(), stack: vec![], place: None };
    /// let sites = Sites {
    ///     sites: vec![site(SiteKind::Thread, true), site(SiteKind::RustHeap, false)],
    ///     ..Sites::default()
    /// };
    /// assert_eq!(sites.growing(Metric::Threads).count(), 1);
    /// assert_eq!(sites.growing(Metric::HeapBytes).count(), 0);
    /// ```
    pub fn growing(&self, metric: Metric) -> impl Iterator<Item = &Site> {
        let row = metric.row();
        self.sites.iter().filter(|site| site.grows && site.kind == row.sites.kind()).filter(
            |site| match row.evidence {
                Evidence::Runtime => site.is_task(),
                Evidence::RustHeap | Evidence::CHeap | Evidence::Kernel => true,
            },
        )
    }
}

impl Site {
    /// Whether the block is a task of tokio, which makes one allocation for each task. Its function lies
    /// between the allocator and the user's line. A block that a task allocates while it runs is not one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_allocation_of_a_task_is_a_task() {
        let place = |function: &str, file: &str| SourceLocation {
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
            // A block that a task allocates: the user's line is called by tokio.
            site.stack.reverse();
            site.stack.swap(0, 1);
            site.stack.swap(1, 2);
            site.stack.insert(0, Frame { functions: vec![user.clone()], ..Frame::default() });
            assert_eq!(tasks(&site), 0, "{inner:?}");
        }
    }
}

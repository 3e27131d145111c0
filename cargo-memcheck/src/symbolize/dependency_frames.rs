//! The frames between the user's line and the allocator or the kernel: functions of dependencies and of C
//! libraries that make what survives.

use std::path::Path;

use memcheck::tool::report::{Site, SourceLocation};

use super::names::crate_of;
use super::user_frame::{is_plumbing, is_standard, is_users};

/// Crates of containers: the caller of a container says more about a leak.
const CONTAINERS: [&str; 7] = [
    "/hashbrown-",
    "/indexmap-",
    "/smallvec-",
    "/arrayvec-",
    "/allocator-api2-",
    "/bytes-",
    "/slab-",
];

/// Folders of downloaded dependencies. The next folder is that of the index or of the repository.
const DOWNLOADED: [&str; 2] = ["/registry/src/", "/git/checkouts/"];

/// The functions of dependencies on a call stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DependencyFrames<'a> {
    /// The innermost function of a dependency.
    pub(crate) rust: Option<&'a SourceLocation>,
    /// The function of another dependency that the user's line calls and that leads to `rust`.
    pub(crate) caller: Option<&'a SourceLocation>,
    /// The function of a C library that the innermost Rust function calls.
    pub(crate) c: Option<&'a SourceLocation>,
}

impl<'a> DependencyFrames<'a> {
    /// The dependency frames of a site.
    pub(crate) fn of(site: &'a Site) -> DependencyFrames<'a> {
        let places = || {
            let all = site.stack.iter().flat_map(|frame| &frame.functions);
            all.take_while(|place| !is_users(place) && site.place.as_ref() != Some(*place))
                .filter(|place| !place.function.is_empty() && !is_plumbing(&place.function))
        };
        let dependency = |place: &&SourceLocation| is_rust(place) && !is_of_std(place);
        let containers = |place: &&SourceLocation| {
            let file = place.file.as_deref().unwrap_or_default();
            CONTAINERS.iter().any(|part| file.contains(part))
        };
        let rust = places().filter(dependency).find(|place| !containers(place));
        let rust = rust.or_else(|| places().find(dependency));
        let outermost = places().filter(dependency).filter(|place| !containers(place)).last();
        let is_another = |place: &&SourceLocation| {
            folder(place).is_some_and(|of| Some(of) != rust.and_then(folder))
        };
        let caller = outermost.filter(is_another);
        // C functions that the standard library calls are not interesting: it frees what they return.
        let c = places().take_while(|place| !is_rust(place)).last();
        DependencyFrames { rust, caller, c }
    }

    /// The folder of the dependency: `lru-0.6.2`; `lru` for a vendored one or a path dependency.
    pub(crate) fn dependency(&self) -> Option<&'a str> {
        folder(self.rust?)
    }

    /// The folder of the dependency that the user's line calls, if it is another one.
    pub(crate) fn called(&self) -> Option<&'a str> {
        folder(self.caller?)
    }
}

/// The folder of the dependency that a place is in.
fn folder(place: &SourceLocation) -> Option<&str> {
    let (name, _) = from_crate_on(place.file.as_deref()?)?.split_once('/')?;
    Some(name)
}

/// A file for messages: the path of a dependency's file starts at the folder of its crate.
pub(crate) fn short_file(file: &str) -> &str {
    from_crate_on(file).unwrap_or(file)
}

/// The path of a dependency's file, starting at the folder of its crate. A dependency that is neither
/// downloaded nor in the workspace is vendored or a path dependency; its folder is the one with `src`.
fn from_crate_on(file: &str) -> Option<&str> {
    let by_source = || {
        let is_elsewhere = file.starts_with('/') && file.ends_with(".rs") && !is_standard(file);
        let (folder, _) = file.rsplit_once("/src/").filter(|_| is_elsewhere)?;
        let start = folder.rfind('/')? + 1;
        Some(&file[start..])
    };
    downloaded(file).or_else(by_source)
}

/// The path of a downloaded file, starting at the folder of its crate or repository.
fn downloaded(file: &str) -> Option<&str> {
    let (part, below) =
        DOWNLOADED.iter().find_map(|part| Some((part, file.split_once(part)?.1)))?;
    match part.starts_with("/git/") {
        true => Some(below),
        false => below.split_once('/').map(|(_, below)| below),
    }
}

/// Inlined functions often have no path, so the file decides if there is one.
fn is_rust(place: &SourceLocation) -> bool {
    match &place.file {
        Some(file) => Path::new(file).extension().is_some_and(|extension| extension == "rs"),
        None => crate_of(&place.function).is_some(),
    }
}

fn is_of_std(place: &SourceLocation) -> bool {
    const CRATES: [&str; 5] = ["std", "core", "alloc", "test", "proc_macro"];
    match &place.file {
        Some(file) => is_standard(file),
        None => crate_of(&place.function).is_some_and(|name| CRATES.contains(&name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::tool::report::{Amount, Frame, SiteKind};

    const REGISTRY: &str = "/home/u/.cargo/registry/src/index-1";

    fn site(places: &[(&str, &str)]) -> Site {
        let place = |&(function, file): &(&str, &str)| SourceLocation {
            function: function.into(),
            file: Some(file.replace("REGISTRY", REGISTRY)).filter(|file| !file.is_empty()),
            line: Some(1),
            column: None,
        };
        let frame = |of| Frame { functions: vec![place(of)], ..Frame::default() };
        let stack: Vec<Frame> = places.iter().map(frame).collect();
        let all = stack.iter().flat_map(|frame| &frame.functions);
        let place = all.clone().find(|place| is_users(place)).cloned();
        Site { kind: SiteKind::CHeap, grows: true, survived: Amount::default(), stack, place }
    }

    #[test]
    fn the_dependency_and_the_c_function_it_calls_are_found() {
        let site = site(&[
            ("mem_malloc", "/build/sqlite3.c"),
            ("sqlite3_expanded_sql", "/build/sqlite3.c"),
            ("rusqlite::raw::expanded_sql", "REGISTRY/rusqlite-0.20.0/src/raw.rs"),
            ("rusqlite::Statement::expanded_sql", "REGISTRY/rusqlite-0.20.0/src/lib.rs"),
            ("my::query", "src/lib.rs"),
            ("other::main", "REGISTRY/other-1.0.0/src/lib.rs"),
        ]);
        let frames = DependencyFrames::of(&site);
        assert_eq!(frames.c.unwrap().function, "sqlite3_expanded_sql");
        assert_eq!(frames.rust.unwrap().function, "rusqlite::raw::expanded_sql");
        assert_eq!(frames.dependency(), Some("rusqlite-0.20.0"));
    }

    #[test]
    fn the_called_dependency_is_named_besides_the_one_that_allocates() {
        let tokio = ("tokio::runtime::task::Cell<T,S>::new", "REGISTRY/tokio-0.2.25/src/core.rs");
        let actix = ("actix_rt::Arbiter::spawn", "REGISTRY/actix-rt-1.1.0/src/arbiter.rs");
        let user = ("my::work", "src/lib.rs");
        let indirect = site(&[tokio, actix, user]);
        let frames = DependencyFrames::of(&indirect);
        assert_eq!(
            (frames.dependency(), frames.called()),
            (Some("tokio-0.2.25"), Some("actix-rt-1.1.0"))
        );
        let direct = site(&[tokio, user]);
        assert_eq!(DependencyFrames::of(&direct).called(), None);
    }

    #[test]
    fn the_standard_library_and_containers_are_skipped() {
        let site = site(&[
            ("alloc::alloc::alloc", "/rustc/1/library/alloc/src/alloc.rs"),
            ("reserve_rehash", "REGISTRY/hashbrown-0.14.0/src/raw.rs"),
            ("dashmap::DashMap<K,V>::insert", "REGISTRY/dashmap-5.5.3/src/lib.rs"),
            ("my::put", "src/lib.rs"),
        ]);
        let frames = DependencyFrames::of(&site);
        assert_eq!(frames.dependency(), Some("dashmap-5.5.3"));
        assert_eq!(frames.c, None);
    }

    #[test]
    fn a_container_alone_and_user_code_alone() {
        let map = ("insert", "REGISTRY/hashbrown-0.14.0/src/raw.rs");
        let of = site(&[map, ("my::put", "src/lib.rs")]);
        assert_eq!(DependencyFrames::of(&of).dependency(), Some("hashbrown-0.14.0"));
        let own = site(&[("alloc::vec::push", "/rustc/1/vec.rs"), ("my::put", "src/lib.rs")]);
        assert_eq!(DependencyFrames::of(&own), DependencyFrames::default());
        // The user calls a C library without debug information.
        let call = site(&[("FcFontMatch", ""), ("my::font", "src/lib.rs")]);
        assert_eq!(DependencyFrames::of(&call).c.unwrap().function, "FcFontMatch");
        assert_eq!(DependencyFrames::of(&call).dependency(), None);
    }

    #[test]
    fn a_vendored_dependency_and_one_elsewhere_are_found() {
        for (file, name) in
            [("/w/vendor/lru/src/lib.rs", "lru"), ("/home/u/outside/src/lib.rs", "outside")]
        {
            let site = site(&[("lru::put", file), ("my::put", "src/lib.rs")]);
            assert_eq!(DependencyFrames::of(&site).dependency(), Some(name));
        }
    }

    #[test]
    fn files_of_dependencies_start_at_their_crate_folder() {
        for (file, short) in [
            ("/c/registry/src/index-1/lru-0.6.2/src/lib.rs", "lru-0.6.2/src/lib.rs"),
            ("/c/git/checkouts/mio-1a2b/3c4d/src/lib.rs", "mio-1a2b/3c4d/src/lib.rs"),
            ("/w/vendor/lru/src/lib.rs", "lru/src/lib.rs"),
            ("/home/u/src/outside/src/a/b.rs", "outside/src/a/b.rs"),
            ("/w/target/debug/build/a-1/out/x.rs", "/w/target/debug/build/a-1/out/x.rs"),
            ("/rustc/1/library/alloc/src/rc.rs", "/rustc/1/library/alloc/src/rc.rs"),
            ("src/lib.rs", "src/lib.rs"),
            ("/usr/src/x.c", "/usr/src/x.c"),
        ] {
            assert_eq!(short_file(file), short);
        }
    }
}

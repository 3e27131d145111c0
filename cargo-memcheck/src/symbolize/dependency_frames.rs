//! The frames between the user's line and the allocator or the kernel: functions of dependencies and of C
//! libraries that make what survives.

use std::path::Path;

use memcheck::tool::report::{Site, SourceLocation};
use toml::de::DeTable;

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

/// Crates that run the code of others: their frames are outside of a task, and do not cause what it does.
const RUNTIMES: [&str; 12] = [
    "/tokio-",
    "/futures-",
    "/async-std-",
    "/async-executor-",
    "/async-task-",
    "/smol-",
    "/tracing-",
    "/pin-project",
    "/crossbeam-",
    "/rayon-core-",
    "/proptest-",
    "/rstest-",
];

/// Folders of downloaded dependencies. The next folder is that of the index or of the repository.
const DOWNLOADED: [&str; 2] = ["/registry/src/", "/git/checkouts/"];

/// The functions of dependencies on a call stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DependencyFrames<'a> {
    /// The innermost function of a dependency.
    pub(crate) rust: Option<&'a SourceLocation>,
    /// The function of another dependency that leads to `rust`: the one that the user's line calls; in a
    /// task, where runtime frames are outermost, the one that calls `rust`.
    pub(crate) caller: Option<&'a SourceLocation>,
    /// The function of a dependency that calls the user's code.
    pub(crate) calls_user: Option<&'a SourceLocation>,
    /// The function of a C library that the innermost Rust function calls.
    pub(crate) c: Option<&'a SourceLocation>,
}

impl<'a> DependencyFrames<'a> {
    /// The dependency frames of a site.
    pub(crate) fn of(site: &'a Site) -> DependencyFrames<'a> {
        let places = || {
            let all = site.stack.iter().flat_map(|frame| &frame.functions);
            all.take_while(|place| !is_users(place) && site.place.as_ref() != Some(*place))
                .filter(|place| !place.function.is_empty() && !is_plumbing(place))
        };
        let dependency = |place: &&SourceLocation| is_rust(place) && !is_of_std(place);
        let is_in = |place: &SourceLocation, crates: &[&str]| {
            let file = place.file.as_deref().unwrap_or_default();
            crates.iter().any(|part| file.contains(part))
        };
        let containers = |place: &&SourceLocation| is_in(place, &CONTAINERS);
        let rust = places().filter(dependency).find(|place| !containers(place));
        let rust = rust.or_else(|| places().find(dependency));
        let outermost = places().filter(dependency).filter(|place| !containers(place)).last();
        let is_another = |place: &&SourceLocation| {
            folder(place).is_some_and(|of| Some(of) != rust.and_then(folder))
        };
        let runtimes = |place: &&SourceLocation| is_in(place, &RUNTIMES);
        let caller =
            outermost.filter(|place| is_another(place) && !runtimes(place)).or_else(|| {
                places()
                    .filter(dependency)
                    .skip_while(|place| Some(*place) != rust)
                    .find(|place| is_another(place) && !containers(place) && !runtimes(place))
            });
        let calls_user = calls_user(site).filter(|place| !runtimes(place));
        // C functions that the standard library calls are not interesting: it frees what they return.
        let c = places().take_while(|place| !is_rust(place)).last();
        DependencyFrames { rust, caller, calls_user, c }
    }

    /// The name of the dependency: `lru-0.6.2`; `lru` for a vendored one or a path dependency.
    pub(crate) fn dependency(&self) -> Option<String> {
        package(self.rust?)
    }

    /// The name of the dependency that leads to it, if it is another one.
    pub(crate) fn called(&self) -> Option<String> {
        package(self.caller?)
    }

    /// The name of the dependency that calls the user's code.
    pub(crate) fn calling(&self) -> Option<String> {
        package(self.calls_user?)
    }
}

/// The function of a dependency that calls the function of the shown line, between two functions of the
/// user.
fn calls_user(site: &Site) -> Option<&SourceLocation> {
    let shown = site.place.as_ref().filter(|place| is_users(place))?;
    let all = site.stack.iter().flat_map(|frame| &frame.functions);
    let outside: Vec<&SourceLocation> =
        all.skip_while(|place| *place != shown).skip_while(|place| is_users(place)).collect();
    let end = outside.iter().position(|place| is_users(place));
    // The library and the harness call the test, so the end of the stack is not between.
    let is_whole = end.is_some() || outside.iter().any(|place| is_plumbing(place));
    let between = outside.into_iter().take(end.unwrap_or(usize::MAX));
    between
        .filter(|_| is_whole)
        .take_while(|place| !is_plumbing(place))
        .find(|place| !place.function.is_empty() && is_rust(place) && !is_of_std(place))
}

/// The folder of the dependency that a place is in.
fn folder(place: &SourceLocation) -> Option<&str> {
    let (name, _) = from_crate_on(place.file.as_deref()?)?.split_once('/')?;
    Some(name)
}

/// The package that a place is in. A folder outside the registry may have another name than its package.
fn package(place: &SourceLocation) -> Option<String> {
    let name = folder(place)?;
    let file = place.file.as_deref()?;
    let manifest = || {
        let (root, _) = file.rsplit_once("/src/")?;
        let text = std::fs::read_to_string(Path::new(root).join("Cargo.toml")).ok()?;
        let manifest = DeTable::parse(&text).ok()?;
        let package = manifest.get_ref().get("package")?.get_ref().as_table()?;
        Some(package.get("name")?.get_ref().as_str()?.to_owned())
    };
    match downloaded(file) {
        Some(_) => Some(name.to_owned()),
        None => Some(manifest().unwrap_or_else(|| name.to_owned())),
    }
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
        assert_eq!(frames.dependency(), Some("rusqlite-0.20.0".into()));
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
            (Some("tokio-0.2.25".into()), Some("actix-rt-1.1.0".into()))
        );
        let direct = site(&[tokio, user]);
        assert_eq!(DependencyFrames::of(&direct).called(), None);
    }

    #[test]
    fn in_a_task_the_dependency_that_spawned_is_named() {
        let of_task = site(&[
            ("tokio::runtime::task::Cell<T,S>::new", "REGISTRY/tokio-1.44.0/src/core.rs"),
            ("tokio::task::spawn", "REGISTRY/tokio-1.44.0/src/task/spawn.rs"),
            ("tower::buffer::service::Buffer<T>::new", "REGISTRY/tower-0.3.1/src/service.rs"),
            ("axum::serve::poll", "REGISTRY/axum-0.7.9/src/serve.rs"),
            ("tokio::runtime::context::enter", "REGISTRY/tokio-1.44.0/src/context.rs"),
            ("my::tests::serves", "src/lib.rs"),
        ]);
        let frames = DependencyFrames::of(&of_task);
        assert_eq!(
            (frames.dependency(), frames.called()),
            (Some("tokio-1.44.0".into()), Some("tower-0.3.1".into()))
        );
    }

    #[test]
    fn the_dependency_that_calls_the_users_closure_is_found() {
        let places = [
            ("alloc::sync::Arc<T>::new", "/rustc/1/library/alloc/src/sync.rs"),
            ("my::tests::once::{{closure}}", "src/lib.rs"),
            ("core::ops::function::FnOnce::call_once", "/rustc/1/library/core/src/ops.rs"),
            ("spin::once::Once<T>::call_once", "REGISTRY/spin-0.5.2/src/once.rs"),
            ("my::tests::once", "src/tests.rs"),
            ("memcheck::worker::run", "/w/memcheck-lib/src/worker/run.rs"),
        ];
        let of_closure = site(&places);
        let frames = DependencyFrames::of(&of_closure);
        assert_eq!(frames.rust, None);
        assert_eq!(frames.calls_user.unwrap().function, "spin::once::Once<T>::call_once");
        let direct = site(&[places[0], places[4], places[5]]);
        assert_eq!(DependencyFrames::of(&direct).calls_user, None);
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
        assert_eq!(frames.dependency(), Some("dashmap-5.5.3".into()));
        assert_eq!(frames.c, None);
    }

    #[test]
    fn a_container_alone_and_user_code_alone() {
        let map = ("insert", "REGISTRY/hashbrown-0.14.0/src/raw.rs");
        let of = site(&[map, ("my::put", "src/lib.rs")]);
        assert_eq!(DependencyFrames::of(&of).dependency(), Some("hashbrown-0.14.0".into()));
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
            assert_eq!(DependencyFrames::of(&site).dependency(), Some(name.into()));
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

//! The Rust code of README and of the guide compiles, as one throw-away crate.

use std::fmt::Write;

use super::{Page, pages};
use crate::support::Project;

/// What the code on the pages takes as given.
const GIVEN: &str = r#"
pub fn parse(_: &str) {}

#[cfg(test)]
#[allow(dead_code)]
mod given {
    pub(crate) use memcheck::{Workload, memcheck};

    #[derive(Debug)]
    pub(crate) struct Error;

    pub(crate) struct Server;
    impl Server {
        pub(crate) fn address(&self) -> &'static str { "" }
        pub(crate) fn stop(self) {}
        pub(crate) fn start() -> Server { Server }
        pub(crate) async fn handle(&self, _: &str) {}
    }
    /// `Server::start().await`
    impl std::future::IntoFuture for Server {
        type Output = Server;
        type IntoFuture = std::future::Ready<Server>;
        fn into_future(self) -> Self::IntoFuture { std::future::ready(self) }
    }

    pub(crate) struct Client;
    impl Client {
        pub(crate) fn connect(_: &str) -> Client { Client }
        pub(crate) fn get(&self, _: &str) {}
    }

    pub(crate) struct AsyncClient;
    impl AsyncClient {
        pub(crate) async fn get(&self, _: &str) -> Result<u8, Error> { Ok(0) }
    }
    pub(crate) fn client() -> AsyncClient { AsyncClient }

    pub(crate) struct Lru;
    impl Lru {
        pub(crate) fn new(_: usize) -> Lru { Lru }
        pub(crate) fn get_or_insert(&mut self, _: u64, _: fn() -> u8) {}
    }
    pub(crate) fn expensive() -> u8 { 0 }

    #[derive(Default)]
    pub(crate) struct Registry;
    impl Registry {
        pub(crate) fn open(&mut self, _: &str) -> u64 { 0 }
        pub(crate) fn close(&mut self, _: u64) {}
        pub(crate) fn is_empty(&self) -> bool { true }
    }

    pub(crate) mod ffi {
        pub(crate) unsafe fn open() -> u8 { 0 }
        pub(crate) unsafe fn close(_: u8) {}
    }

    pub(crate) mod rusqlite {
        pub(crate) type Result<T> = std::result::Result<T, super::Error>;
        pub(crate) struct Connection;
        pub(crate) struct Transaction;
        impl Connection {
            pub(crate) fn open_in_memory() -> Result<Connection> { Ok(Connection) }
            pub(crate) fn execute_batch(&self, _: &str) -> Result<()> { Ok(()) }
            pub(crate) fn unchecked_transaction(&self) -> Result<Transaction> { Ok(Transaction) }
        }
        impl Transaction {
            pub(crate) fn execute(&self, _: &str, _: [&str; 1]) -> Result<()> { Ok(()) }
            pub(crate) fn rollback(self) -> Result<()> { Ok(()) }
        }
    }
}
"#;

#[test]
fn rust_code_of_readme_and_guide_compiles() {
    let mut source = GIVEN.to_owned();
    let mut blocks = 0;
    for page in pages() {
        if page.name != "README.md" && !page.name.starts_with("docs/src/guide/") {
            continue;
        }
        for block in page.blocks("rust") {
            if block.contains("{{#include") || block.contains("#[global_allocator]") {
                continue;
            }
            blocks += 1;
            // A body that is left out.
            let block = block.replace("{ … }", "{}").replace("// …", "//");
            let name = &page.name;
            let _ = writeln!(
                source,
                "// {name}\n#[cfg(test)]\n#[allow(unused)]\nmod block_{blocks} {{\n\
                 use crate::given::*;\n{block}}}\n"
            );
        }
    }
    assert!(blocks >= 12, "only {blocks} blocks were found");
    let project = Project::new("guide")
        .library_features(&["tokio", "insta"])
        .manifest_extra("insta = \"1.40\"\n")
        .file("src/lib.rs", source);
    let output = project.cargo("check", &["--tests", "--quiet"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The code that declares an allocator can be in one crate only: that of the example.
#[test]
fn allocators_of_the_guide_are_those_of_the_example() {
    let example = Page::read("examples/own_allocator/src/lib.rs").text;
    let page = Page::read("docs/src/guide/own-allocator.md");
    let first = page.blocks("rust").remove(0);
    for line in first.lines().filter(|line| !line.is_empty()) {
        assert!(example.contains(line), "the example does not have `{line}`");
    }
}

//! Builds the shared libraries with the machine's own compiler, one of them without debug information.
use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    for (name, options) in [("linked", "-g"), ("plugin", "-g"), ("other", "-g"), ("bare", "-g0")] {
        let status = Command::new(env::var_os("CC").unwrap_or("cc".into()))
            .args(["-shared", "-fPIC", "-O1", "-fno-builtin", options, "-o"])
            .arg(out.join(format!("lib{name}.so")))
            .arg(format!("c/{name}.c"))
            .status();
        assert!(status.expect("a C compiler is installed").success());
    }
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=dylib=linked");
    println!("cargo::rustc-env=LIBRARIES={}", out.display());
}

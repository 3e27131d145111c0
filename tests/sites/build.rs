//! Builds the C file with the machine's own compiler, with debug information.
use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let path = |name: &str| out.join(name).into_os_string().into_string().unwrap();
    let status = Command::new(env::var_os("CC").unwrap_or("cc".into()))
        .args(["-c", "-g", "-O1", "-fPIC", "-fno-builtin", "c/native.c", "-o", &path("native.o")])
        .status();
    assert!(status.expect("a C compiler is installed").success());
    let archive = [path("libnative.a"), path("native.o")];
    let status = Command::new("ar").arg("crs").args(archive).status();
    assert!(status.expect("binutils are installed").success());
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static=native");
}

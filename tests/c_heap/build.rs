//! Builds the C files with the machine's own compiler.
use std::env;
use std::path::PathBuf;
use std::process::Command;

fn cc(arguments: &[&str]) {
    let status = Command::new(env::var_os("CC").unwrap_or("cc".into())).args(arguments).status();
    assert!(status.expect("a C compiler is installed").success());
}

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let path = |name: &str| out.join(name).into_os_string().into_string().unwrap();
    cc(&["-c", "-fPIC", "-pthread", "-fno-builtin", "c/border.c", "-o", &path("border.o")]);
    let archive = [path("libborder.a"), path("border.o")];
    let status = Command::new("ar").arg("crs").args(archive).status();
    assert!(status.expect("binutils are installed").success());
    cc(&["-shared", "-fPIC", "-fno-builtin", "c/plugin.c", "-o", &path("libplugin.so")]);
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static=border");
    println!("cargo::rustc-env=PLUGIN={}", path("libplugin.so"));
}

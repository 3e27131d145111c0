//! Sets the configuration flags that depend on the target: whether the C heap is counted
//! (`memcheck_native`), whether call stacks are recorded (`memcheck_sites`), and whether the C
//! library's functions are intercepted for that (`memcheck_calls`). `memcheck_sanitizer` and
//! `memcheck_static_libc` say why not.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(memcheck_native)");
    println!("cargo::rustc-check-cfg=cfg(memcheck_sites)");
    println!("cargo::rustc-check-cfg=cfg(memcheck_calls)");
    println!("cargo::rustc-check-cfg=cfg(memcheck_sanitizer)");
    println!("cargo::rustc-check-cfg=cfg(memcheck_static_libc)");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let processor = matches!(target("ARCH").as_str(), "x86_64" | "aarch64");
    let possible = target("OS") == "linux" && target("ENV") == "gnu" && processor;
    let sites = env::var_os("CARGO_FEATURE_SITES").is_some();
    if target("OS") == "linux" && processor && sites {
        println!("cargo::rustc-cfg=memcheck_sites");
    }
    // Sanitizers define the malloc family themselves. Only nightly compilers can enable them, and
    // only those set this variable.
    let sanitizer = env::var_os("CARGO_CFG_SANITIZE").is_some();
    if sanitizer {
        println!("cargo::rustc-cfg=memcheck_sanitizer");
    }
    // The malloc of a static C library would replace memcheck's, function by function.
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    if is_static {
        println!("cargo::rustc-cfg=memcheck_static_libc");
    }
    if possible && !is_static && !sanitizer && env::var_os("CARGO_FEATURE_NATIVE_HEAP").is_some() {
        println!("cargo::rustc-cfg=memcheck_native");
    }
    if possible && !is_static && !sanitizer && sites {
        println!("cargo::rustc-cfg=memcheck_calls");
    }
}

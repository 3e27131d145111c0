//! Says to the compiler whether the C heap can be counted on this target (`memcheck_native`),
//! whether call stacks can be recorded (`memcheck_sites`), and whether those of the C library's
//! functions can be (`memcheck_calls`).

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
    // Sanitizers define the malloc family themselves. The compiler tells of them on nightly only,
    // where they can be switched on.
    let sanitizer = env::var_os("CARGO_CFG_SANITIZE").is_some();
    if sanitizer {
        println!("cargo::rustc-cfg=memcheck_sanitizer");
    }
    // A static C library's own malloc would win over ours, function by function.
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

//! Weak definitions of the C library's functions: each name a jump to a function of ours.
//!
//! Strong definitions break the link beside other definitions (jemalloc's unprefixed build, a C
//! library that brings its own): of weak ones the others win. A test binary exports them, because
//! the C library defines them too, so calls of shared libraries arrive here as well.

use std::ffi::CStr;

/// The instruction that goes on at another place.
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    () => {
        "jmp {ours}"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    () => {
        "b {ours}"
    };
}

/// Defines each name as a weak jump to our function, with a second, hidden name that always means
/// this jump, and lists them in `members()`.
macro_rules! weak_definitions {
    ($($name:ident $jump:ident => $ours:path),* $(,)?) => {
        $(
            std::arch::global_asm!(
                ".pushsection .text.memcheck_family,\"ax\",@progbits",
                concat!(".weak ", stringify!($name)),
                concat!(".weak ", stringify!($jump)),
                concat!(".hidden ", stringify!($jump)),
                concat!(".type ", stringify!($name), ",@function"),
                concat!(".type ", stringify!($jump), ",@function"),
                concat!(stringify!($name), ":"),
                concat!(stringify!($jump), ":"),
                $crate::weak::jump!(),
                concat!(".size ", stringify!($name), ", . - ", stringify!($name)),
                ".popsection",
                ours = sym $ours,
            );
        )*

        mod jumps {
            unsafe extern "C" {
                $(pub(super) fn $jump();)*
            }
        }

        mod names {
            unsafe extern "C" {
                $(pub(super) fn $name();)*
            }
        }

        /// Name, our definition, and what the name means to code of this executable.
        fn members()
        -> [(&'static std::ffi::CStr, usize, usize); const { [$(stringify!($name)),*].len() }] {
            // Only their addresses are taken: what they take and return does not matter here.
            [$((
                const { $crate::weak::c_name(concat!(stringify!($name), "\0")) },
                jumps::$jump as *const () as usize,
                names::$name as *const () as usize,
            )),*]
        }
    };
}

pub(crate) use {jump, weak_definitions};

pub(crate) const fn c_name(name: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(name.as_bytes()) {
        Ok(name) => name,
        Err(_) => c"",
    }
}

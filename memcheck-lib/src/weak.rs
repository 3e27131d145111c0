//! Weak definitions of the C library's functions: each name is a jump to a function of this
//! library.
//!
//! A strong definition would break the link if there is another one (jemalloc's unprefixed build, a
//! C library with an allocator of its own); next to a weak definition, the other one wins. A test
//! binary exports the names, because the C library defines them too. So calls from shared libraries
//! arrive here as well.

use std::ffi::CStr;

/// The instruction that jumps to `ours`.
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

/// Defines each name as a weak jump to a function of this library. `$jump` is a second, hidden name
/// that always means this jump. `members()` lists them.
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

        /// For each name: the address of its jump, and the address that the name has in this
        /// executable. They differ if another definition has won.
        fn members()
        -> [(&'static std::ffi::CStr, usize, usize); const { [$(stringify!($name)),*].len() }] {
            // Only addresses are taken, so the signatures do not matter.
            [$((
                const { $crate::weak::c_name(concat!(stringify!($name), "\0")) },
                jumps::$jump as *const () as usize,
                names::$name as *const () as usize,
            )),*]
        }
    };
}

pub(crate) use {jump, weak_definitions};

/// A string that ends in NUL as a C string; empty for any other.
pub(crate) const fn c_name(name: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(name.as_bytes()) {
        Ok(name) => name,
        Err(_) => c"",
    }
}

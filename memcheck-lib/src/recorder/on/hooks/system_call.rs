//! System calls that no hook intercepts.

use std::ffi::{c_int, c_long};

use super::next_definition::next_definitions;

next_definitions! { syscall }

/// The number of a system call and its arguments.
pub(super) type SystemCall = [usize; 7];

/// Makes a system call through the C library's `syscall`, past every hook.
pub(super) fn call(call: SystemCall) -> c_long {
    match next::syscall.address() {
        Some(address) => {
            type Syscall = unsafe extern "C-unwind" fn(usize, ...) -> c_long;
            // SAFETY: this is the function `syscall` of the C library.
            let syscall = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Syscall>(address) };
            let [number, a, b, c, d, e, f] = call;
            // SAFETY: the caller keeps the preconditions of the system call.
            unsafe { syscall(number, a, b, c, d, e, f) }
        }
        None => call_kernel(call),
    }
}

/// Makes a system call without the C library, before its function was looked up.
#[cold]
fn call_kernel([number, a, b, c, d, e, f]: SystemCall) -> c_long {
    let result: isize;
    // SAFETY: the caller keeps the preconditions of the system call; the kernel changes no register
    // but these.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
            options(nostack),
        );
    }
    // The kernel returns errors as -4095 to -1 (MAX_ERRNO in include/linux/err.h).
    if (-4095..0).contains(&result) {
        // SAFETY: errno of this thread is valid at any time.
        unsafe { *libc::__errno_location() = -result as c_int };
        return -1;
    }
    result as c_long
}

/// Makes a system call that sets errno like the C library's function.
macro_rules! system_call {
    ($number:ident $(, $argument:expr)*) => {{
        let mut call = [libc::$number as usize, 0, 0, 0, 0, 0, 0];
        let arguments = &mut call[1..];
        for (to, argument) in arguments.iter_mut().zip([$($argument as usize),*]) {
            *to = argument;
        }
        $crate::recorder::on::hooks::system_call::call(call)
    }};
}
pub(super) use system_call;

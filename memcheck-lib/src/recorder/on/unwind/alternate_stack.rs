//! An alternate stack for work that may not fit on the thread's own stack. A thread can have a
//! stack of 16 KiB, a coroutine a smaller one, and working out an unwind rule takes some 10 KiB in
//! a debug build.

use std::cell::UnsafeCell;
use std::ffi::c_void;

use crate::recorder::on::lock::{Lock, LockGuard};

/// The work needs some 10 KiB (measured in a debug build). The rest is for the handler of a signal
/// that arrives meanwhile.
const BYTES: usize = 64 << 10;

#[repr(C, align(16))]
pub(super) struct AlternateStack {
    lock: Lock,
    stack: UnsafeCell<[u8; BYTES]>,
}

// SAFETY: only the thread that holds the lock uses the stack.
unsafe impl Sync for AlternateStack {}

/// The right to use an alternate stack; one thread has it at a time.
pub(super) struct Entered<'a> {
    alternate: &'a AlternateStack,
    _guard: LockGuard<'a>,
}

impl AlternateStack {
    /// Waits until the stack is free. Call it only inside the recorder (`with_tables`): a signal
    /// handler that interrupts this thread then does not try to enter too.
    pub(super) fn enter(&self) -> Entered<'_> {
        Entered { _guard: self.lock.lock(), alternate: self }
    }
}

/// A call and its result.
struct Call<A, R> {
    function: fn(A) -> R,
    argument: Option<A>,
    result: Option<R>,
}

impl Entered<'_> {
    /// Calls `function` on the alternate stack. If it panics, the process aborts.
    pub(super) fn run<A, R>(&self, function: fn(A) -> R, argument: A) -> Option<R> {
        extern "C" fn call<A, R>(of: *mut c_void) {
            // SAFETY: `run` below passes its `Call` and does not touch it until this returns.
            let call = unsafe { &mut *of.cast::<Call<A, R>>() };
            call.result = call.argument.take().map(call.function);
        }
        let mut of = Call { function, argument: Some(argument), result: None };
        // SAFETY: the pointer is one past the end of the array.
        let top = unsafe { self.alternate.stack.get().cast::<u8>().add(BYTES) };
        // Stacks are aligned to 16 bytes on both processors.
        let top = top.map_addr(|top| top & !15);
        // SAFETY: `call` casts the pointer back to the `Call` that it points to. The stack is large
        // enough, and no other thread uses it while this thread holds the lock.
        unsafe { on_stack((&raw mut of).cast(), call::<A, R>, top) };
        of.result
    }
}

/// Calls `function` with `argument` on the stack that ends at `top`.
///
/// # Safety
///
/// `top` is the end of a writable stack, aligned to 16 bytes, large enough for `function`, and not
/// in use. `function` accepts `argument`.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn on_stack(
    argument: *mut c_void,
    function: extern "C" fn(*mut c_void),
    top: *mut u8,
) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "mov rsp, rdx",
        "call rsi",
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
    )
}

/// Calls `function` with `argument` on the stack that ends at `top`.
///
/// # Safety
///
/// `top` is the end of a writable stack, aligned to 16 bytes, large enough for `function`, and not
/// in use. `function` accepts `argument`.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn on_stack(
    argument: *mut c_void,
    function: extern "C" fn(*mut c_void),
    top: *mut u8,
) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "stp x29, x30, [sp, #-16]!",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset x29, -16",
        ".cfi_offset x30, -8",
        "mov x29, sp",
        ".cfi_def_cfa_register x29",
        "mov sp, x2",
        "blr x1",
        "mov sp, x29",
        "ldp x29, x30, [sp], #16",
        ".cfi_def_cfa sp, 0",
        ".cfi_restore x29",
        ".cfi_restore x30",
        "ret",
        ".cfi_endproc",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::on::test_memory::zeroed;

    #[test]
    fn a_call_runs_on_the_alternate_stack() {
        let alternate = zeroed::<AlternateStack>();
        let stack = alternate.stack.get().addr();
        let here = |given: usize| {
            let local = given;
            (std::hint::black_box(&raw const local).addr(), local)
        };
        for given in 0..3 {
            let (address, same) = alternate.enter().run(here, given).unwrap();
            assert!((stack..stack + BYTES).contains(&address));
            assert_eq!(same, given);
        }
    }
}

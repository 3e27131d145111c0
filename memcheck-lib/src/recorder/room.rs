//! A stack of the recorder's own, for what needs more than is left of a small one: a thread may
//! have 16 KiB, a coroutine less, and looking up a rule takes some 10 KiB in a debug build.

use std::cell::UnsafeCell;
use std::ffi::c_void;

use super::tables::{Held, Lock};

/// With room for a handler of a signal that arrives meanwhile.
const BYTES: usize = 64 << 10;

#[repr(C, align(16))]
pub(super) struct Room {
    lock: Lock,
    stack: UnsafeCell<[u8; BYTES]>,
}

// SAFETY: the stack is used by who holds the lock alone.
unsafe impl Sync for Room {}

/// One thread at a time is inside.
pub(super) struct Inside<'a> {
    room: &'a Room,
    _held: Held<'a>,
}

impl Room {
    /// To be called while this thread records: nothing that interrupts it comes here then.
    pub(super) fn enter(&self) -> Inside<'_> {
        Inside { _held: self.lock.hold(), room: self }
    }
}

/// A call, and place for its result.
struct Call<A, R> {
    function: fn(A) -> R,
    argument: Option<A>,
    result: Option<R>,
}

impl Inside<'_> {
    /// Calls `function` on the recorder's stack. A function that panics ends the process.
    pub(super) fn run<A, R>(&self, function: fn(A) -> R, argument: A) -> Option<R> {
        extern "C" fn call<A, R>(of: *mut c_void) {
            // SAFETY: the call that `run` has made below, which waits for this function.
            let call = unsafe { &mut *of.cast::<Call<A, R>>() };
            call.result = call.argument.take().map(call.function);
        }
        let mut of = Call { function, argument: Some(argument), result: None };
        // SAFETY: one past the end of the stack.
        let top = unsafe { self.room.stack.get().cast::<u8>().add(BYTES) };
        // Stacks are aligned to 16 bytes on both processors.
        let top = top.map_addr(|top| top & !15);
        // SAFETY: the function takes the place it is given for the call that it is. The stack is
        // large enough for it, and nobody else's while the lock is held.
        unsafe { on_stack((&raw mut of).cast(), call::<A, R>, top) };
        of.result
    }
}

/// Calls `function` with `argument` on the stack that ends at `top`.
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

/// As above.
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
    use crate::recorder::memory::Memory;

    #[test]
    fn a_call_runs_on_the_stack_of_the_room() {
        let memory = Memory::private().unwrap();
        let room = memory.tables().rules.room();
        let stack = room.stack.get().addr();
        let here = |given: usize| {
            let local = given;
            (std::hint::black_box(&raw const local).addr(), local)
        };
        for given in 0..3 {
            let (place, same) = room.enter().run(here, given).unwrap();
            assert!((stack..stack + BYTES).contains(&place));
            assert_eq!(same, given);
        }
    }
}

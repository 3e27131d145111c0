//! The functions of the allocators that this process has.

use std::ffi::CStr;

/// A function of an allocator that this process may have.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(super) enum Function {
    MallocTrim,
    Mallinfo2,
    Mallctl,
    PrefixedMallctl,
    MiProcessInfo,
    MiCollect,
}

impl Function {
    const fn name(self) -> &'static CStr {
        match self {
            Function::MallocTrim => c"malloc_trim",
            Function::Mallinfo2 => c"mallinfo2",
            Function::Mallctl => c"mallctl",
            Function::PrefixedMallctl => c"_rjem_mallctl",
            Function::MiProcessInfo => c"mi_process_info",
            Function::MiCollect => c"mi_collect",
        }
    }

    /// Its address; `None` if the process does not have it.
    pub(super) fn address(self) -> Option<*const ()> {
        let linked = linked::address(self as usize);
        let address = if linked.is_null() {
            // SAFETY: the name is a C string.
            unsafe { libc::dlsym(libc::RTLD_DEFAULT, self.name().as_ptr()) }.cast_const().cast()
        } else {
            linked
        };
        (!address.is_null()).then_some(address)
    }
}

/// The functions that are linked statically: a table of weak references, null without the function.
#[cfg(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(miri)
))]
mod linked {
    use std::arch::global_asm;

    const FUNCTIONS: usize = 6;

    // The table itself is weak, so that two versions of this library in one program do not clash.
    // Its order is that of `Function`.
    global_asm!(
        ".pushsection .data.rel.ro.memcheck_allocators,\"aw\",@progbits",
        ".p2align 3",
        ".weak malloc_trim",
        ".weak mallinfo2",
        ".weak mallctl",
        ".weak _rjem_mallctl",
        ".weak mi_process_info",
        ".weak mi_collect",
        ".weak memcheck_allocator_functions",
        ".hidden memcheck_allocator_functions",
        ".type memcheck_allocator_functions,@object",
        "memcheck_allocator_functions:",
        ".quad malloc_trim",
        ".quad mallinfo2",
        ".quad mallctl",
        ".quad _rjem_mallctl",
        ".quad mi_process_info",
        ".quad mi_collect",
        ".size memcheck_allocator_functions, . - memcheck_allocator_functions",
        ".popsection",
    );

    unsafe extern "C" {
        static memcheck_allocator_functions: [*const (); FUNCTIONS];
    }

    pub(super) fn address(function: usize) -> *const () {
        // SAFETY: the table is defined above with this size. Only the loader writes it, before any
        // code runs.
        let table = unsafe { &memcheck_allocator_functions };
        table.get(function).copied().unwrap_or(std::ptr::null())
    }
}

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(miri)
)))]
mod linked {
    pub(super) fn address(_function: usize) -> *const () {
        std::ptr::null()
    }
}

//! The allocators' functions, as far as this process has them.

use std::ffi::CStr;

/// A function of an allocator that may be there.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(super) enum Entry {
    MallocTrim,
    Mallinfo2,
    Mallctl,
    PrefixedMallctl,
    MiProcessInfo,
    MiCollect,
}

impl Entry {
    const fn name(self) -> &'static CStr {
        match self {
            Entry::MallocTrim => c"malloc_trim",
            Entry::Mallinfo2 => c"mallinfo2",
            Entry::Mallctl => c"mallctl",
            Entry::PrefixedMallctl => c"_rjem_mallctl",
            Entry::MiProcessInfo => c"mi_process_info",
            Entry::MiCollect => c"mi_collect",
        }
    }

    /// Its address; `None` where the process has no such function.
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

/// What the linker found: a table of weak references, null where there is nothing.
#[cfg(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(miri)
))]
mod linked {
    use std::arch::global_asm;

    const ENTRIES: usize = 6;

    // Weak itself, so that two versions of this library in one program do not clash. The order is
    // that of `Entry`.
    global_asm!(
        ".pushsection .data.rel.ro.memcheck_allocators,\"aw\",@progbits",
        ".p2align 3",
        ".weak malloc_trim",
        ".weak mallinfo2",
        ".weak mallctl",
        ".weak _rjem_mallctl",
        ".weak mi_process_info",
        ".weak mi_collect",
        ".weak memcheck_allocator_entries",
        ".hidden memcheck_allocator_entries",
        ".type memcheck_allocator_entries,@object",
        "memcheck_allocator_entries:",
        ".quad malloc_trim",
        ".quad mallinfo2",
        ".quad mallctl",
        ".quad _rjem_mallctl",
        ".quad mi_process_info",
        ".quad mi_collect",
        ".size memcheck_allocator_entries, . - memcheck_allocator_entries",
        ".popsection",
    );

    unsafe extern "C" {
        static memcheck_allocator_entries: [*const (); ENTRIES];
    }

    pub(super) fn address(entry: usize) -> *const () {
        // SAFETY: the table is defined above with this size and written by the loader alone,
        // before any code runs.
        let table = unsafe { &memcheck_allocator_entries };
        table.get(entry).copied().unwrap_or(std::ptr::null())
    }
}

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(miri)
)))]
mod linked {
    pub(super) fn address(_entry: usize) -> *const () {
        std::ptr::null()
    }
}

//! The bodies of `clean-bodies` that are about the heap, with mimalloc as the global allocator.
#![cfg(test)]

#[path = "../../clean-bodies/src/heap.rs"]
mod heap;

#[global_allocator]
static GLOBAL: memcheck::Alloc<mimalloc::MiMalloc> =
    memcheck::Alloc::new(mimalloc::MiMalloc);

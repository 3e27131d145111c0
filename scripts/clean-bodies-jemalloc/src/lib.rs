//! The bodies of `clean-bodies` that are about the heap, with jemalloc as the global allocator.
#![cfg(test)]

#[path = "../../clean-bodies/src/heap.rs"]
mod heap;

#[global_allocator]
static GLOBAL: memcheck::Alloc<tikv_jemallocator::Jemalloc> =
    memcheck::Alloc::new(tikv_jemallocator::Jemalloc);

//! The status of a test: what leaks, what only looks like a leak, and by how much.

mod c_heap;
mod exact_growth;
mod kinds_of_memory;
mod small_leaks;
mod tasks;

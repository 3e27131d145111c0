//! The body of `counting_cost` without anything of memcheck: Rust's default allocator over the C
//! library's malloc. Not a word of the library may be used here, or it would be linked.
#![allow(unreachable_pub, reason = "the module is shared with the counted program")]

mod body;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    body::serve()
}

//! Intercepts the C library's functions that acquire and release resources other than heap blocks:
//! descriptors, mappings, threads, children.
//!
//! Each function is defined [weak](crate::weak), in front of the next definition of its name (the C
//! library's, as a rule), which is looked up once, before `main`. While nothing is recorded, a call
//! goes straight to the next definition. Not intercepted are calls within the C library (the `open`
//! of `getaddrinfo`, the stack of a thread), system calls that do not go through it, and
//! descriptors that an `ioctl` returns.
//!
//! Every function takes its arguments as whole registers, and as many as its widest call has. On
//! x86-64 and aarch64 Linux, integers and pointers are passed alike, and so are those of a variadic
//! function (the mode of `open`); the upper half of a register that holds an `int` is undefined.
//! The functions can be unwound through, because many of them are cancellation points.

mod children;
mod closing;
mod definitions;
mod descriptor_events;
mod descriptors;
mod mappings;
mod next_definition;
mod raw_syscall;
mod received;
mod scope;
mod split_libraries;
mod streams;
mod system_call;
mod threads;
mod unloading;

pub(super) use definitions::prepare;

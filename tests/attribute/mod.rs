//! What `#[memcheck]` accepts, and what each option does.

mod forms;
mod limits;
mod running;
mod snapshot;

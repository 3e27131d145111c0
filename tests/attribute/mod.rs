//! What `#[memcheck]` accepts, and what each option does.

mod bulk;
mod forms;
mod inference;
mod limits;
mod returned;
mod running;
mod snapshot;

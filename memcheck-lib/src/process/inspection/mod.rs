//! The inspection of any process for a person (`cargo memcheck inspect`): data in `result` and
//! `tree`, reading in `inspect` and `read_tree`, text in `sentence_text` and `inspection_text`.

mod inspect;
mod inspection_text;
#[cfg(target_os = "linux")]
mod read_tree;
mod result;
mod sentence_text;
mod tree;

pub use inspect::inspect;
pub use inspection_text::render;
pub use result::{Inspection, KindSums};
pub use tree::{ProcessTree, TreeProcess, TreeShare};

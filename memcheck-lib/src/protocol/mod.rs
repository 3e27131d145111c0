//! What observer and worker say to each other: messages and packets over a socket, the handshake
//! that connects them, and the progress page that outlives the worker.

pub(crate) mod handshake;
pub(crate) mod message;
pub(crate) mod progress_page;

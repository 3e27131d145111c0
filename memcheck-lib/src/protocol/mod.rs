//! What observer and worker exchange: messages and packets over a socket, the handshake that
//! connects them, and the progress page, which stays readable after the worker has ended.

pub(crate) mod handshake;
pub(crate) mod message;
pub(crate) mod packet;
pub(crate) mod progress_page;
pub(crate) mod worker_socket;

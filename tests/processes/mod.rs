//! The processes of a test: their ends, their cleanup, their memory ceiling.

mod ceiling;
mod cleanup;
mod misbehaving_bodies;
mod signals;

//! The processes of a test.

mod ceiling;
mod cleanup;
mod misbehaving_bodies;
mod signals;

//! Numbers in, verdict out: pure, no clock, no I/O.

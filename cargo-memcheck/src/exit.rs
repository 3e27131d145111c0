//! The exit codes of `cargo memcheck`. Scripts and CI jobs rely on them.

#![cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "other systems only ever exit with NOTHING_TO_RUN")
)]

/// Every test that ran is PASS or KNOWN (or UNSURE with `--inconclusive warn`).
pub(crate) const SUCCESS: u8 = 0;
/// memcheck itself failed: a fault of the tool or of the machine, not of the tested code.
pub(crate) const TOOL_FAILED: u8 = 1;
/// Wrong usage or configuration, or an unreadable report. clap uses this code too.
pub(crate) const USAGE: u8 = 2;
/// There was nothing to run, or no such process to inspect.
pub(crate) const NOTHING_TO_RUN: u8 = 4;
/// At least one test did not pass, or `--prove` missed a planted leak.
pub(crate) const TESTS_FAILED: u8 = 100;
/// cargo could not build the tests.
pub(crate) const BUILD_FAILED: u8 = 101;
/// The run was ended by signal `n`: the code is this plus `n`, as in shells (130 for Ctrl-C).
pub(crate) const SIGNAL: u8 = 128;

use memcheck::memcheck;

const LIMIT: u64 = 3;

#[memcheck(warmup = "16")]
fn count_in_quotes() {}

#[memcheck(fds = -1)]
fn count_below_zero() {}

#[memcheck(iterations = 0)]
fn no_iterations() {}

#[memcheck(threads = 18446744073709551616)]
fn count_too_large() {}

#[memcheck(threads = LIMIT)]
fn count_not_a_literal() {}

#[memcheck(threads = 1u32)]
fn count_with_a_type() {}

#[memcheck(time = 2)]
fn duration_without_unit() {}

#[memcheck(time = 500ms)]
fn duration_without_quotes() {}

#[memcheck(timeout = "2 fortnights")]
fn duration_with_unknown_unit() {}

#[memcheck(time = "0s")]
fn no_duration() {}

#[memcheck(resident = "256 KiBi")]
fn size_with_unknown_unit() {}

#[memcheck(resident = 256KiB)]
fn size_without_quotes() {}

#[memcheck(heap = 0.5)]
fn size_with_decimals() {}

#[memcheck(peak = -1)]
fn size_below_zero() {}

#[memcheck(known_leak = true)]
fn reason_not_a_text() {}

#[memcheck(known_leak = "")]
fn reason_empty() {}

#[memcheck(serial = "one,two")]
fn group_with_comma() {}

#[memcheck(crate = "not a path")]
fn crate_not_a_path() {}

fn main() {}

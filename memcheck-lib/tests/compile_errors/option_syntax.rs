use memcheck::memcheck;

#[memcheck(warmup)]
fn without_value() {}

#[memcheck(warmup(16))]
fn in_parentheses() {}

#[memcheck(time =)]
fn nothing_behind() {}

#[memcheck(known_leak, fds = 1)]
fn without_reason() {}

#[memcheck("2s")]
fn without_name() {}

#[memcheck(fds = 1 threads = 2)]
fn without_comma() {}

#[memcheck = "2s"]
fn without_parentheses() {}

fn main() {}

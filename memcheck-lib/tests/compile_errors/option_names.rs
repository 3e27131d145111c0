use memcheck::memcheck;

#[memcheck(warm_up = 3)]
fn near() {}

#[memcheck(rss = "1 MiB", file_descriptors = 2)]
fn other_words() {}

#[memcheck(verbose = true)]
fn far() {}

#[memcheck(ignore)]
fn an_attribute() {}

#[memcheck(fds = 1, heap = "64 B", fds = 2)]
fn repeated() {}

#[memcheck(warmpu = 1, timout = "2s", heap = "64 X")]
fn all_at_once() {}

fn main() {}

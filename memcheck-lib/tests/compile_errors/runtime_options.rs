use memcheck::memcheck;

#[memcheck(flavor = "multi_thread", worker_threads = 2)]
fn not_asynchronous() {}

#[memcheck(worker_threads = 2)]
fn worker_threads_alone() {}

#[memcheck(flavor = "current_thread", worker_threads = 2)]
fn worker_threads_of_one_thread() {}

#[memcheck(flavor = "multi_threaded")]
fn unknown_flavor() {}

#[memcheck(flavor = "multi_thread", worker_threads = 0)]
fn no_worker_threads() {}

#[memcheck(start_paused = true)]
fn paused() {}

fn main() {}

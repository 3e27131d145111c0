use memcheck::{Workload, memcheck};

#[memcheck]
fn generic<T: Default>() {
    let _ = T::default();
}

#[memcheck]
fn with_lifetime<'a>() {
    let _: &'a str = "";
}

#[memcheck]
fn some_argument(x: impl Copy) {}

#[memcheck]
unsafe fn not_safe() {}

#[memcheck]
const fn constant() {}

#[memcheck]
extern "C" fn foreign() {}

struct Cache;

impl Cache {
    #[memcheck]
    fn method(&self) {}
}

#[memcheck]
fn two_arguments(workload: Workload, cache: Cache) {}

#[memcheck]
fn by_reference(workload: &mut Workload) {}

#[memcheck(warmup = "many")]
unsafe fn several_mistakes<T>(workload: &Workload) {}

fn main() {}

use memcheck::memcheck;

#[memcheck]
struct Cache;

#[memcheck]
impl Cache {}

#[memcheck]
const LIMIT: u64 = 3;

#[memcheck]
trait Leaks {}

fn main() {}

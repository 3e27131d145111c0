use memcheck::memcheck;

#[memcheck(snapshot)]
fn plain() {}

#[memcheck(warmup = 1, snapshot = "a_name")]
fn named() {}

#[memcheck(snapshot)]
mod tests {
    #[test]
    fn of_the_module() {}
}

fn main() {}

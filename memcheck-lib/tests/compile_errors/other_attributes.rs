use memcheck::memcheck;

#[memcheck]
#[test]
fn test() {}

#[memcheck]
#[tokio::test]
fn test_of_tokio() {}

#[memcheck]
#[cfg_attr(unix, test)]
fn sometimes_a_test() {}

#[memcheck]
#[rstest]
fn test_with_cases() {}

#[memcheck]
#[bench]
fn bench() {}

#[memcheck]
#[should_panic]
fn panics() {}

#[should_panic(expected = "above")]
#[memcheck]
fn panics_above() {}

#[memcheck]
#[memcheck(fds = 1)]
fn twice() {}

fn main() {}

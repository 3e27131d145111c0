use memcheck::memcheck;

#[memcheck]
mod without_tests {
    fn helper() {}
}

#[memcheck]
mod only_foreign {
    macro_rules! tests {
        () => {
            #[test]
            fn a() {}
        };
    }
    tests!();
}

#[memcheck(warm_up = 2)]
mod wrong_option {
    #[test]
    fn a() {}
}

#[memcheck]
mod wrong_inside {
    #[test]
    #[memcheck]
    fn both() {}

    #[memcheck(fd = 1)]
    fn wrong_option() {}

    #[memcheck]
    #[should_panic]
    fn panics() {}

    #[memcheck(time = 1)]
    mod deeper {
        #[test]
        fn b() {}
    }
}

#[memcheck]
mod others {
    #[test]
    fn a() {}

    #[rstest]
    fn cases(one: u32, two: u32) {}

    #[actix_rt::test]
    async fn of_actix() {}
}

fn main() {}

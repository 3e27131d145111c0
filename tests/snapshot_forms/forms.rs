//! A test of each form that can assert its profile as a snapshot, each of which must come out the
//! same in every run. `tests/snapshot_forms.rs` runs them once under each runner,
//! `scripts/snapshots-50.sh` fifty times.

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::num::ParseIntError;

    use memcheck::{Workload, memcheck};

    #[memcheck(snapshot)]
    fn plain() {
        let name = black_box(String::from("a name"));
        drop(black_box(vec![1u8; 100]));
        drop(name);
    }

    #[memcheck(snapshot)]
    fn with_a_result() -> Result<(), Box<dyn std::error::Error>> {
        let parsed: Result<u8, ParseIntError> = black_box("x").parse();
        // An error that is made on the heap, and handled.
        let error: Box<dyn std::error::Error> = parsed.expect_err("it is no number").into();
        assert!(!error.to_string().is_empty());
        black_box("7").parse::<u8>()?;
        Ok(())
    }

    #[memcheck(snapshot)]
    fn with_set_up(workload: Workload) {
        let mut words: Vec<String> = Vec::with_capacity(4);
        workload.iterate(|| {
            words.push(black_box("a word").repeat(10));
            words.clear();
        });
    }

    #[memcheck(snapshot)]
    async fn one_thread() {
        let task = tokio::spawn(async {
            tokio::task::yield_now().await;
            black_box(vec![1u8; 300]).len()
        });
        assert_eq!(task.await.expect("it does not panic"), 300);
    }

    #[memcheck(snapshot)]
    async fn one_thread_with_set_up(workload: Workload) {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<String>(4);
        workload
            .iterate_async(async || {
                sender.send("a message".to_owned()).await.expect("it is received");
                assert!(receiver.recv().await.is_some());
            })
            .await;
    }

    #[memcheck(snapshot, flavor = "multi_thread", worker_threads = 2)]
    async fn many_threads() {
        let tasks: [_; 4] = std::array::from_fn(|at| {
            tokio::spawn(async move { black_box(vec![1u8; 100 * (at + 1)]).len() })
        });
        for task in tasks {
            task.await.expect("it does not panic");
        }
    }

    /// Who of them runs when is not said, so the highest point is left out.
    #[memcheck(snapshot)]
    fn threads_of_its_own() {
        std::thread::scope(|scope| {
            for at in 1..=3 {
                scope.spawn(move || drop(black_box(vec![1u8; 1000 * at])));
            }
        });
    }

    #[memcheck(snapshot = "one_of_a_group", serial = "port 8080")]
    fn first_of_a_group() {
        drop(black_box(Box::new([1u8; 40])));
    }

    #[memcheck(snapshot = "another_of_a_group", serial = "port 8080")]
    fn second_of_a_group() {
        drop(black_box(Box::new([1u8; 80])));
    }

    #[memcheck(snapshot, known_leak = "the registry of words", iterations = 496)]
    fn leaks() {
        Box::leak(black_box(Box::new([1u8; 24])));
        drop(black_box(vec![1u8; 10]));
    }

    /// All of a module at once.
    #[memcheck(snapshot)]
    mod converted {
        use super::*;

        #[test]
        fn plain() {
            drop(black_box(vec![1u8; 7]));
        }

        #[test]
        fn with_a_result() -> Result<(), ParseIntError> {
            assert_eq!(black_box("7").repeat(3).parse::<u16>()?, 777);
            Ok(())
        }

        #[tokio::test]
        async fn one_thread() {
            tokio::task::yield_now().await;
            drop(black_box(vec![1u8; 70]));
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn many_threads() {
            let length = tokio::spawn(async { black_box(vec![1u8; 700]).len() });
            assert_eq!(length.await.expect("it does not panic"), 700);
        }
    }
}

//! Which source of an option wins: the file, its overrides, the attribute, variables, flags.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FILE, with_variables};
use crate::support::{Output, Project, run};

/// The options in the report of each test.
fn options(output: &Output) -> BTreeMap<String, Value> {
    let lines = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["reason"] == "memcheck-report")
        .map(|line| {
            let name = line["report"]["test"]["name"].as_str().unwrap().to_owned();
            (name, line["report"]["options"].clone())
        })
        .collect()
}

#[test]
fn flag_wins_over_variable_over_attribute_over_file() {
    let project = Project::new("layers").file(".config/memcheck.toml", FILE).file(
        "src/lib.rs",
        r#"
        #[cfg(test)]
        mod tests {
            use memcheck::memcheck;

            #[memcheck]
            fn says_nothing() {}

            #[memcheck(warmup = 3, threads = 2, fds = 2)]
            fn says_much() {}

            #[memcheck]
            fn slow_one() {}
        }
        "#,
    );
    // An override wins over the file, the attribute over both.
    let plain = options(&project.memcheck(&["--message-format", "json"]).code(0));
    let of = |test: &str, name: &str| plain[&format!("tests::{test}")][name].as_u64();
    assert_eq!(
        [of("says_nothing", "warmup"), of("says_nothing", "iterations")],
        [Some(5), Some(100)]
    );
    assert_eq!([of("slow_one", "warmup"), of("slow_one", "iterations")], [Some(5), Some(200)]);
    assert_eq!([of("says_much", "warmup"), of("says_much", "fds")], [Some(3), Some(2)]);
    assert_eq!([of("says_much", "iterations"), of("says_much", "threads")], [Some(100), Some(2)]);

    // A flag wins over a variable, a variable over the attribute.
    let all = options(
        &with_variables(
            &project,
            &[("MEMCHECK_FDS", "8"), ("MEMCHECK_THREADS", "8"), ("MEMCHECK_PROFILE", "none")],
            &["--profile", "ci", "--message-format", "json", "--fds", "9"],
        )
        .code(0),
    );
    let of = |test: &str, name: &str| all[&format!("tests::{test}")][name].as_u64();
    for test in ["says_nothing", "says_much"] {
        assert_eq!([of(test, "fds"), of(test, "threads")], [Some(9), Some(8)], "{test}");
    }
    assert_eq!([of("says_nothing", "warmup"), of("says_much", "warmup")], [Some(6), Some(3)]);
    assert_eq!(of("slow_one", "iterations"), Some(200));
}

#[test]
fn a_flag_overrides_the_attribute() {
    let project = Project::new("flags").file(
        "src/lib.rs",
        r#"
        #![cfg(test)]
        #[memcheck::memcheck]
        fn leaks() { std::mem::forget(std::hint::black_box(Box::new(0u8))); }
        #[memcheck::memcheck(timeout = "1s")]
        fn hangs() { std::thread::sleep(std::time::Duration::from_secs(3600)); }
        "#,
    );
    project.memcheck(&["leaks"]).code(100);
    project.memcheck(&["leaks", "--heap", "1 KiB", "--iterations", "496"]).code(0);
    let output = project.memcheck(&["hangs", "--timeout", "100ms"]).code(100);
    assert!(output.stdout.contains("the test was still running after 0.1 s"), "{}", output.stdout);
}

#[test]
fn variables_apply_under_cargo_test_and_cargo_memcheck() {
    let project = Project::new("variables").file(
        "src/lib.rs",
        r#"
        #[cfg(test)]
        #[memcheck::memcheck(iterations = 100)]
        fn allocates() {
            drop(std::hint::black_box(Box::new(1u8)));
        }
        "#,
    );
    let test = |variables: &[(&str, &str)]| {
        let mut command = project.cargo("test", &["--lib", "--", "--nocapture"]);
        command.envs(variables.iter().copied());
        run(&mut command)
    };
    test(&[]).code(0);
    let limited = test(&[("MEMCHECK_ALLOCATIONS", "0")]).code(101);
    assert!(limited.stdout.contains("LIMIT"), "{}", limited.stdout);
    // Visible although libtest captures the output of passing tests.
    let unknown = {
        let mut command = project.cargo("test", &["--lib"]);
        run(command.env("MEMCHECK_ALLOCATION", "0")).code(0)
    };
    let stderr_warning =
        "memcheck: warning: unknown environment variable MEMCHECK_ALLOCATION is ignored";
    assert_eq!(unknown.stderr.matches(stderr_warning).count(), 1, "{}", unknown.stderr);
    let unknown = test(&[("MEMCHECK_ALLOCATION", "0")]).code(0);
    let warning = "warning[unknown-variable]: unknown environment variable MEMCHECK_ALLOCATION is \
                   ignored; did you mean MEMCHECK_ALLOCATIONS?";
    assert!(unknown.stdout.contains(warning), "{}", unknown.stdout);
    let bad = test(&[("MEMCHECK_TIME", "2")]).code(101);
    assert!(bad.stdout.contains("BROKEN"), "{}", bad.stdout);
    let message = "the environment variable MEMCHECK_TIME=\"2\" is invalid: missing unit";
    assert!(bad.stdout.contains(message), "{}", bad.stdout);

    // The same under `cargo memcheck`.
    let limited = with_variables(&project, &[("MEMCHECK_ALLOCATIONS", "0")], &[]).code(100);
    assert!(limited.stdout.contains("LIMIT"), "{}", limited.stdout);
    let output =
        with_variables(&project, &[("MEMCHECK_RSS", "1"), ("MEMCHECK_HEAP", "")], &[]).code(0);
    let warning = "warning: unknown environment variable MEMCHECK_RSS is ignored; did you mean \
                   MEMCHECK_RESIDENT?";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
    insta::assert_snapshot!(with_variables(&project, &[("MEMCHECK_TIME", "2")], &[]).code(2).error(), @r#"
    error: the environment variable MEMCHECK_TIME="2" is invalid: missing unit after 2; write "2s" for seconds, or use ns, us, ms, m, h, d or w
      help: correct the value, or `unset MEMCHECK_TIME`
    "#);
}

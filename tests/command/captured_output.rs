//! The output of a test is captured unless `--no-capture` is given, and is in the report.

use crate::support::{Output, Project};

#[test]
fn no_capture_shows_the_output_of_a_test() {
    let project = Project::new("shown").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck(iterations = 16, warmup = 1)]\n\
         fn talks() { println!(\"hello from the body\"); }\n",
    );
    let hello = |output: &Output| {
        output.stdout.contains("hello from the body")
            || output.stderr.contains("hello from the body")
    };
    assert!(!hello(&project.memcheck(&[])));
    assert!(hello(&project.memcheck(&["--no-capture"])));
    assert!(hello(&project.memcheck(&["--", "--nocapture"])));
}

/// Neither the first lines of libtest nor its result, which it prints while the observer still
/// reads, are the output of the test.
#[test]
fn the_report_has_only_what_the_test_printed() {
    let tests: String = (0..16)
        .map(|number| format!("#[memcheck(iterations = 50, warmup = 1)] fn t{number}(w: Workload) {{ prints(w) }}\n"))
        .collect();
    let project = Project::new("printed").file(
        "src/lib.rs",
        r#"
        #![cfg(test)]
        use memcheck::{Workload, memcheck};

        struct Server;
        impl Drop for Server {
            fn drop(&mut self) {
                println!("torn down");
                print!("no end of line");
            }
        }

        fn prints(workload: Workload) {
            let _server = Server;
            println!("set up");
            workload.iterate(|| std::mem::forget(std::hint::black_box(Box::new(0u8))));
        }
        "#
        .to_owned()
            + &tests,
    );
    let output = project.memcheck(&["--report=-", "-j4", "--sites=never"]).code(100);
    let run: serde_json::Value = serde_json::from_str(&output.stdout).expect("a report is JSON");
    let texts: Vec<&str> = run["tests"]
        .as_array()
        .expect("tests are a list")
        .iter()
        .map(|test| test["report"]["output"]["text"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(texts.len(), 16);
    for text in texts {
        assert_eq!(text, "set up\ntorn down\nno end of line");
    }
}

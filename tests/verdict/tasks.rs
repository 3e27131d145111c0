//! Tasks of the runtime that `#[memcheck]` creates for an `async fn`: the check waits for tasks that
//! end late, and reports tasks that never end.

use std::sync::LazyLock;

use crate::support::Project;
use serde_json::Value;

const SOURCE: &str = r#"
#![cfg(test)]
use std::hint::black_box;
use std::time::Duration;
use memcheck::{Workload, memcheck};
use tokio::{sync::mpsc, task::yield_now, time::sleep};

/// A task that ends after the iteration.
fn spawn_late() {
    tokio::spawn(async {
        let kept = black_box(vec![1u8; 500]);
        for _ in 0..20 { yield_now().await; }
        drop(kept);
    });
}

#[memcheck]
async fn ends_later() { spawn_late(); }

#[memcheck]
async fn ends_later_beside_set_up(workload: Workload) {
    // A task of the set-up, which runs until the end.
    let (send, mut receive) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move { while let Some(bytes) = receive.recv().await { drop(black_box(bytes)); } });
    workload.iterate_async(async || {
        spawn_late();
        send.send(vec![1; 300]).unwrap();
    }).await;
}

#[memcheck(flavor = "multi_thread", worker_threads = 2)]
async fn ends_later_on_threads() { spawn_late(); }

// Waits for a timer: the runtime is idle meanwhile.
#[memcheck(iterations = 500)]
async fn ends_after_a_while() {
    tokio::spawn(async { sleep(Duration::from_millis(1)).await; });
}

#[memcheck]
async fn never_ends() { tokio::spawn(std::future::pending::<()>()); }

#[memcheck(flavor = "multi_thread", worker_threads = 2)]
async fn never_ends_on_threads() { tokio::spawn(std::future::pending::<()>()); }

#[memcheck(tasks = 2000, heap = "16 KiB", iterations = 1000)]
async fn may_leave_tasks() { tokio::spawn(std::future::pending::<()>()); }

#[memcheck]
fn has_no_runtime() {}
"#;

static PROJECT: LazyLock<Project> =
    LazyLock::new(|| Project::new("tasks").library_features(&["tokio"]).file("src/lib.rs", SOURCE));

#[test]
fn late_tasks_pass_and_unfinished_tasks_leak() {
    let output = PROJECT.memcheck(&["--message-format", "json"]).code(100);
    let mut seen = Vec::new();
    for line in output.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let report = &line["report"];
        if let Some(name) = report["test"]["name"].as_str() {
            let tasks = report["metrics"].as_array().unwrap().iter();
            let tasks = tasks.clone().find(|of| of["metric"] == "tasks");
            let tasks = tasks.map(|of| of["verdict"].as_str().unwrap_or_default().to_owned());
            let status = line["status"].as_str().unwrap_or_default().to_owned();
            seen.push((name.to_owned(), status, tasks));
        }
    }
    seen.sort();
    for (name, status, tasks) in [
        ("ends_later", "PASS", Some("steady")),
        ("ends_later_beside_set_up", "PASS", Some("steady")),
        ("ends_later_on_threads", "PASS", Some("steady")),
        ("ends_after_a_while", "PASS", Some("steady")),
        ("never_ends", "LEAK", Some("growing")),
        ("never_ends_on_threads", "LEAK", Some("growing")),
        ("may_leave_tasks", "PASS", Some("steady")),
        ("has_no_runtime", "PASS", None),
    ] {
        let of = seen.iter().find(|(test, ..)| test == name).expect("every test is judged");
        assert_eq!((of.1.as_str(), of.2.as_deref()), (status, tasks), "{name}: {seen:?}");
    }
}

#[test]
fn an_unfinished_task_is_reported_where_it_is_spawned() {
    let output = PROJECT.memcheck(&["--exact", "never_ends"]).code(100);
    let headline = "error[task-growth]: 1 task is left unfinished by every iteration\n";
    let (_, details) = output.stdout.split_once(headline).expect(&output.stdout);
    let line = SOURCE.lines().position(|line| line.contains("fn never_ends()")).unwrap() + 1;
    let place = format!(" --> src/lib.rs:{line}:");
    assert!(details.lines().next().is_some_and(|line| line.contains(&place)), "{details}");
    let label = "^ 1 task per iteration, spawned here";
    assert!(details.lines().take(5).any(|line| line.ends_with(label)), "{details}");
}

//! A service that leaves a task behind with every request.
//!
//! Each request starts a task that writes the request's log. The task ends when the channel that it reads
//! is closed. In `answer_and_log`, the task owns a sender of that channel, to put back lines that could not
//! be written. So the channel is never closed and the task waits forever: no request fails, no lock is
//! held, and the task is reachable from the runtime. `answer_and_log_weakly` gives the task a weak sender,
//! which does not keep the channel open.
//!
//! `#[memcheck]` creates the runtime once and enters it for every iteration. So a task that is left
//! behind stays, and is detected.

use tokio::sync::mpsc;

/// Writes a line somewhere. Whether it went well.
fn write(line: &str) -> bool {
    !line.is_empty()
}

/// Answers a request. The leak: its task keeps the channel open that it waits for.
pub async fn answer_and_log(request: &str) -> String {
    let (log, mut lines) = mpsc::unbounded_channel::<String>();
    let again = log.clone();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if !write(&line) {
                let _ = again.send(line);
            }
        }
    });
    let _ = log.send(format!("asked for {request}"));
    tokio::task::yield_now().await;
    format!("here is {request}")
}

/// Answers a request. Its task ends with the request.
pub async fn answer_and_log_weakly(request: &str) -> String {
    let (log, mut lines) = mpsc::unbounded_channel::<String>();
    let again = log.downgrade();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if !write(&line)
                && let Some(again) = again.upgrade()
            {
                let _ = again.send(line);
            }
        }
    });
    let _ = log.send(format!("asked for {request}"));
    tokio::task::yield_now().await;
    format!("here is {request}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::{Workload, memcheck};

    /// Fails: every request leaves its task and its channel.
    #[memcheck]
    async fn a_request_leaves_no_task() {
        assert_eq!(answer_and_log("tea").await, "here is tea");
    }

    /// Passes.
    #[memcheck]
    async fn a_request_with_a_weak_sender_leaves_no_task() {
        assert_eq!(answer_and_log_weakly("tea").await, "here is tea");
    }

    /// Passes. Set-up once, in the same runtime, then one request after the other.
    #[memcheck]
    async fn a_queue_of_requests_leaves_nothing(workload: Workload) {
        let (queue, mut requests) = mpsc::channel::<&str>(1);
        workload
            .iterate_async(async || {
                let _ = queue.send("tea").await;
                let request = requests.recv().await.expect("the sender lives");
                answer_and_log_weakly(request).await;
            })
            .await;
    }
}

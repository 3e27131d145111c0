//! The iterations of an `async` test with set-up.

use super::iteration_result::IterationResult;
use super::step::Step;
use super::workload::Workload;

impl Workload {
    /// Awaits `body` as often as the check asks for. Call it once and not nested: the check ends when
    /// it returns.
    ///
    /// Between two batches of iterations the thread waits for the observer, so everything else that
    /// runs on this thread is suspended while the metrics are read. In the runtime that `#[memcheck]`
    /// built, tasks that iterations have left behind can end before that (option `settle`).
    ///
    /// It works in any runtime; an `async fn` with `#[memcheck]` runs in tokio's (feature `tokio`).
    ///
    /// ```no_run,test_harness
    /// # #[cfg(feature = "tokio")]
    /// # mod tests {
    /// # struct Service;
    /// # impl Service {
    /// #     async fn start() -> Self { Self }
    /// #     async fn answer(&self, _: &str) -> std::io::Result<()> { Ok(()) }
    /// # }
    /// #[memcheck::memcheck]
    /// async fn answers(workload: memcheck::Workload) {
    ///     let service = Service::start().await;
    ///     workload.iterate_async(async || service.answer("ping").await).await;
    /// }
    /// # }
    /// ```
    ///
    /// `body` may also be a closure that returns a future: `|| async { … }`.
    pub async fn iterate_async<R: IterationResult>(self, mut body: impl AsyncFnMut() -> R) {
        let mut steps = self.steps();
        loop {
            match steps.next() {
                Step::Iterate => {
                    let outcome = steps.iterate_once(&mut body).await;
                    steps.end(outcome);
                }
                Step::Drive(drive) => {
                    drive.run().await;
                    steps.driven();
                }
                Step::End => return,
            }
        }
    }
}

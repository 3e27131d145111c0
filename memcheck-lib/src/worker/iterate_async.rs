//! The iterations of an `async` test with set-up.

use std::process::Termination;

use super::workload::Step;
use super::workload::Workload;

impl Workload {
    /// Awaits `body` as often as the check asks for. To be called once, and not nested: the check
    /// is over when this returns.
    ///
    /// Between two batches of iterations the thread talks to the observer and blocks meanwhile, so
    /// the metrics are taken while whatever shares the thread stands still. In the runtime that
    /// `#[memcheck]` made, tasks that iterations have left behind get the chance to end before
    /// (option `settle`).
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
    /// A closure that returns a future, `|| async { … }`, does as well.
    pub async fn iterate_async<R: Termination>(self, mut body: impl AsyncFnMut() -> R) {
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

//! [`Workload`], through which a test with set-up runs its iterations.

#[cfg(feature = "tokio")]
use super::drive::Runtime;
use super::iteration_result::IterationResult;
use super::steps::Steps;

/// Set-up once, then [`iterate`](Workload::iterate).
///
/// The worker calls a function under `#[memcheck]` that takes a `Workload` once. What the function does
/// before `iterate` is set-up, what it does afterwards is tear-down, and neither is judged.
///
/// ```no_run
/// # use memcheck::Workload;
/// fn handles_a_request(workload: Workload) {
///     let mut served = Vec::with_capacity(1);
///     workload.iterate(|| {
///         served.push(1);
///         served.clear();
///     });
/// }
/// ```
///
/// A test that does not call `iterate` fails. A second call does not compile, because `iterate` takes
/// the workload by value.
#[derive(Debug)]
#[must_use = "a test that never calls `iterate` measures nothing and fails"]
pub struct Workload {
    steps: Steps,
}

impl Workload {
    pub(crate) fn new(steps: Steps) -> Self {
        Workload { steps }
    }

    /// The same workload, in this runtime.
    #[cfg(feature = "tokio")]
    pub(crate) fn in_runtime(mut self, runtime: &tokio::runtime::Runtime) -> Self {
        self.steps.runs_in(Runtime::of(runtime.handle().clone()));
        self
    }

    /// Runs `body` as often as the check asks for. This is the judged part of the test.
    ///
    /// `body` may return any value of the standard library; it is dropped within the iteration. An `Err`
    /// fails the test, and the report has its message and the iteration. See [`IterationResult`].
    pub fn iterate<R: IterationResult>(self, mut body: impl FnMut() -> R) {
        let mut steps = self.steps();
        while steps.begin() {
            steps.end(body());
        }
    }

    /// The iterations as steps, for loops other than that of `iterate`.
    pub(crate) fn steps(self) -> Steps {
        self.steps
    }
}

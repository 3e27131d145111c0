//! Things of which the system gives so few that a leaking body would run out of them before it is
//! judged.

use super::worker_handle::WorkerHandle;
use crate::detect::Scarce;
use crate::metric::Metric;
use crate::process::DescriptorKind;

/// Growth of inotify descriptors that is enough to judge: a user may have 128 of them by default
/// (`fs.inotify.max_user_instances`), all processes together, so also tests that run at the same
/// time; and the warm-up and the recording need as many each.
const INOTIFY: u64 = 16;

/// What is scarce and grew while the body was warmed up: by at least one in two iterations, for what
/// grows more slowly is judged in time. `idle` are the descriptors before, `iterations` those since.
pub(super) fn scarce(
    worker: &mut impl WorkerHandle,
    idle: Option<u64>,
    iterations: u64,
) -> Option<Scarce> {
    let grew = |now: u64| now.saturating_sub(idle.unwrap_or(now)) * 2 >= iterations.max(8);
    if !worker.sample().fds.is_some_and(grew) {
        return None;
    }
    let descriptors = worker.snapshot()?.descriptors?;
    let of_inotify = |kind: DescriptorKind| kind == DescriptorKind::Inotify;
    let count = descriptors.iter().filter(|descriptor| of_inotify(descriptor.kind)).count();
    (count as u64 * 2 >= iterations).then_some(Scarce { metric: Metric::Fds, bound: INOTIFY })
}

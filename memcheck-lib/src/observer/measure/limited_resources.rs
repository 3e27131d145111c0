//! Resources that the system limits so strictly that a leaking body would use them up before it is
//! judged.

use crate::detect::LimitedResource;
use crate::metric::Metric;
use crate::observer::worker_handle::capabilities::KernelView;
use crate::process::DescriptorKind;

/// Growth of inotify descriptors that is enough for a verdict. By default all processes of a user share
/// 128 of them (`fs.inotify.max_user_instances`), so also tests that run at the same time, and warm-up
/// and recording each need as many.
const INOTIFY: u64 = 16;

/// The limited resource that grew during the warm-up by at least one in two iterations; slower growth is
/// judged in time. `idle` is the number of descriptors before, `iterations` the iterations since.
pub(super) fn limited_resource(
    worker: &mut impl KernelView,
    idle: Option<u64>,
    iterations: u64,
) -> Option<LimitedResource> {
    let grew = |now: u64| now.saturating_sub(idle.unwrap_or(now)) * 2 >= iterations.max(8);
    if !worker.sample().fds.is_some_and(grew) {
        return None;
    }
    let descriptors = worker.snapshot()?.descriptors?;
    let of_inotify = |kind: DescriptorKind| kind == DescriptorKind::Inotify;
    let count = descriptors.iter().filter(|descriptor| of_inotify(descriptor.kind)).count();
    (count as u64 * 2 >= iterations)
        .then_some(LimitedResource { metric: Metric::Fds, bound: INOTIFY })
}

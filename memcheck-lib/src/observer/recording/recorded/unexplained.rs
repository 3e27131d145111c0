//! Which metrics grew without a site, and why. Pure.

use crate::metric::Metric;
use crate::report::{Site, SiteKind};

/// A message for each growing metric that no growing site explains. `calls_recorded` says whether calls of
/// the C library are recorded in this worker.
pub(super) fn notes(growing: &[Metric], sites: &[Site], calls_recorded: bool) -> Vec<String> {
    let grows = |kinds: &[SiteKind]| sites.iter().any(|of| of.grows && kinds.contains(&of.kind));
    let unexplained = growing.iter().filter(|metric| {
        let kinds = metric.row().explained_by;
        !kinds.is_empty() && !grows(kinds)
    });
    unexplained
        .map(|&metric| {
            format!("the growth of {metric} has no site: {}", why(metric, calls_recorded))
        })
        .collect()
}

fn why(metric: Metric, calls_recorded: bool) -> &'static str {
    match metric.row().sites.kind() {
        SiteKind::Child if calls_recorded => {
            "only processes started by `fork` or `posix_spawn` are recorded, not those of `vfork`, `popen` or a raw system call"
        }
        SiteKind::Thread if calls_recorded => {
            "only threads started by `pthread_create` are recorded, not those of a raw `clone`"
        }
        _ if !calls_recorded => {
            "other than the heaps, calls are recorded only in programs that link glibc dynamically and use no sanitizer"
        }
        _ => {
            "only calls to glibc by name are recorded, not raw system calls (such as those of rustix) and not calls within glibc"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Amount;

    fn site(kind: SiteKind, grows: bool) -> Site {
        Site { kind, grows, survived: Amount::default(), stack: Vec::new(), place: None }
    }

    #[test]
    fn growth_with_a_site_has_no_note() {
        let heap = [site(SiteKind::RustHeap, true)];
        let metrics = [Metric::HeapBytes, Metric::Resident, Metric::Mappings, Metric::Tasks];
        assert_eq!(notes(&metrics, &heap, true), [""; 0]);
        let descriptor = [site(SiteKind::Descriptor, true)];
        assert_eq!(notes(&[Metric::Fds, Metric::FdMemory], &descriptor, true), [""; 0]);
    }

    #[test]
    fn growth_without_a_site_has_one_note_with_the_reason() {
        let full = [site(SiteKind::Descriptor, false), site(SiteKind::RustHeap, true)];
        let found = notes(&[Metric::Fds, Metric::Threads], &full, true);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].starts_with("the growth of fds has no site: ") && found[0].contains("raw")
        );
        assert!(found[1].contains("`pthread_create`"), "{found:?}");
        let found = notes(&[Metric::Fds], &[], false);
        assert!(found[0].contains("link glibc dynamically"), "{found:?}");
        let found = notes(&[Metric::Children, Metric::Resident], &[], true);
        assert!(found[0].contains("not those of `vfork`"), "{found:?}");
        assert_eq!(found.len(), 2);
    }
}

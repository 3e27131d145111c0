//! Which metrics grew without a site, and why: pure.

use crate::metric::Metric;
use crate::report::{Site, SiteKind};

/// A sentence for each growing metric that no growing site explains. `hears` says whether calls of
/// the C library are recorded in this worker.
pub(super) fn notes(growing: &[Metric], sites: &[Site], hears: bool) -> Vec<String> {
    let grows = |kinds: &[SiteKind]| sites.iter().any(|of| of.grows && kinds.contains(&of.kind));
    let unexplained = growing.iter().filter(|metric| match kinds(**metric) {
        Some(kinds) => !grows(kinds),
        None => false,
    });
    unexplained
        .map(|&metric| format!("the growth of {metric} has no site: {}", why(metric, hears)))
        .collect()
}

/// The kinds of site that explain the growth of a metric. `None` when another metric says it.
fn kinds(metric: Metric) -> Option<&'static [SiteKind]> {
    const MEMORY: &[SiteKind] = &[SiteKind::RustHeap, SiteKind::CHeap, SiteKind::Mapping];
    Some(match metric {
        Metric::HeapBytes | Metric::HeapBlocks | Metric::NativeBytes | Metric::NativeBlocks => {
            return None;
        }
        // A task is a block of the Rust heap.
        Metric::Tasks => return None,
        // Allocators take their memory with mappings, stacks of threads are some.
        Metric::Resident | Metric::Mappings => MEMORY,
        Metric::Threads => &[SiteKind::Thread],
        Metric::Fds | Metric::FdMemory => &[SiteKind::Descriptor],
        Metric::Children => &[SiteKind::Child],
    })
}

fn why(metric: Metric, hears: bool) -> &'static str {
    match metric {
        Metric::Children if hears => {
            "processes are recorded that `fork` or `posix_spawn` starts, not those of `vfork`, `popen` or a raw system call"
        }
        Metric::Threads if hears => {
            "threads are recorded that `pthread_create` starts, not those of a raw `clone`"
        }
        _ if !hears => {
            "beside the heaps, calls are recorded only in programs that link glibc dynamically and without a sanitizer"
        }
        _ => {
            "calls are recorded that go to glibc by name, not raw system calls (as rustix makes them) and not what glibc does within itself"
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
    fn what_a_site_explains_is_not_noted() {
        let heap = [site(SiteKind::RustHeap, true)];
        let metrics = [Metric::HeapBytes, Metric::Resident, Metric::Mappings, Metric::Tasks];
        assert_eq!(notes(&metrics, &heap, true), [""; 0]);
        let descriptor = [site(SiteKind::Descriptor, true)];
        assert_eq!(notes(&[Metric::Fds, Metric::FdMemory], &descriptor, true), [""; 0]);
    }

    #[test]
    fn what_none_explains_is_noted_once_each_with_the_reason() {
        let full = [site(SiteKind::Descriptor, false), site(SiteKind::RustHeap, true)];
        let said = notes(&[Metric::Fds, Metric::Threads], &full, true);
        assert_eq!(said.len(), 2);
        assert!(said[0].starts_with("the growth of fds has no site: ") && said[0].contains("raw"));
        assert!(said[1].contains("`pthread_create`"), "{said:?}");
        let said = notes(&[Metric::Fds], &[], false);
        assert!(said[0].contains("link glibc dynamically"), "{said:?}");
        let said = notes(&[Metric::Children, Metric::Resident], &[], true);
        assert!(said[0].contains("not those of `vfork`"), "{said:?}");
        assert_eq!(said.len(), 2);
    }
}

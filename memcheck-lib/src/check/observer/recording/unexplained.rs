//! Which figures grew without a site, and why: pure.

use crate::figure::Figure;
use crate::report::{Site, SiteKind};

/// A sentence for each growing figure that no growing site explains. `hears` says whether calls of
/// the C library are recorded in this worker.
pub(super) fn notes(growing: &[Figure], sites: &[Site], hears: bool) -> Vec<String> {
    let grows = |kinds: &[SiteKind]| sites.iter().any(|of| of.grows && kinds.contains(&of.kind));
    let unexplained = growing.iter().filter(|figure| match kinds(**figure) {
        Some(kinds) => !grows(kinds),
        None => false,
    });
    unexplained
        .map(|&figure| format!("the growth of {figure} has no site: {}", why(figure, hears)))
        .collect()
}

/// The kinds of site that explain the growth of a figure. `None` when another figure says it.
fn kinds(figure: Figure) -> Option<&'static [SiteKind]> {
    const MEMORY: &[SiteKind] = &[SiteKind::RustHeap, SiteKind::CHeap, SiteKind::Mapping];
    Some(match figure {
        Figure::HeapBytes | Figure::HeapBlocks | Figure::NativeBytes | Figure::NativeBlocks => {
            return None;
        }
        // A task is a block of the Rust heap.
        Figure::Tasks => return None,
        // Allocators take their memory with mappings, stacks of threads are some.
        Figure::Resident | Figure::Mappings => MEMORY,
        Figure::Threads => &[SiteKind::Thread],
        Figure::Fds | Figure::FdMemory => &[SiteKind::Descriptor],
        Figure::Children => &[SiteKind::Child],
    })
}

fn why(figure: Figure, hears: bool) -> &'static str {
    match figure {
        Figure::Children if hears => {
            "processes are recorded that `fork` or `posix_spawn` starts, not those of `vfork`, `popen` or a raw system call"
        }
        Figure::Threads if hears => {
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
        let figures = [Figure::HeapBytes, Figure::Resident, Figure::Mappings, Figure::Tasks];
        assert_eq!(notes(&figures, &heap, true), [""; 0]);
        let descriptor = [site(SiteKind::Descriptor, true)];
        assert_eq!(notes(&[Figure::Fds, Figure::FdMemory], &descriptor, true), [""; 0]);
    }

    #[test]
    fn what_none_explains_is_noted_once_each_with_the_reason() {
        let full = [site(SiteKind::Descriptor, false), site(SiteKind::RustHeap, true)];
        let said = notes(&[Figure::Fds, Figure::Threads], &full, true);
        assert_eq!(said.len(), 2);
        assert!(said[0].starts_with("the growth of fds has no site: ") && said[0].contains("raw"));
        assert!(said[1].contains("`pthread_create`"), "{said:?}");
        let said = notes(&[Figure::Fds], &[], false);
        assert!(said[0].contains("link glibc dynamically"), "{said:?}");
        let said = notes(&[Figure::Children, Figure::Resident], &[], true);
        assert!(said[0].contains("not those of `vfork`"), "{said:?}");
        assert_eq!(said.len(), 2);
    }
}

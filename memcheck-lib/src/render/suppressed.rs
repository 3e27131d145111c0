//! Sentences about suppressed sites. A report always mentions them.

use super::phrases::count;
use crate::report::{SiteKind, Suppressed};
use crate::units::scaled;

/// `64 B in 1 block per iteration at openssl::init* (https://…)`
pub(super) fn sentence(of: &Suppressed) -> String {
    let iterations = of.iterations.max(1) as f64;
    let many = |noun| count(of.survived.blocks as f64 / iterations, noun);
    let bytes = || scaled(of.survived.bytes as f64 / iterations);
    let amount = match of.kind {
        SiteKind::RustHeap => format!("{} in {}", bytes(), many("block")),
        SiteKind::CHeap => format!("{} in {} of the C heap", bytes(), many("block")),
        SiteKind::Mapping => format!("{} in {}", bytes(), many("mapping")),
        SiteKind::Thread => many("thread"),
        SiteKind::Descriptor => many("file descriptor"),
        SiteKind::Child => many("child process"),
    };
    format!("{amount} per iteration at {} ({})", of.pattern, of.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Amount;

    fn said(kind: SiteKind, blocks: i64, bytes: i64) -> String {
        sentence(&Suppressed {
            pattern: "openssl::init*".into(),
            reason: "issue 7".into(),
            kind,
            sites: 1,
            survived: Amount { blocks, bytes },
            iterations: 10,
        })
    }

    #[test]
    fn amounts_are_per_iteration_with_pattern_and_reason() {
        for (kind, text) in [
            (SiteKind::RustHeap, "64 B in 2 blocks per iteration at openssl::init* (issue 7)"),
            (
                SiteKind::CHeap,
                "64 B in 2 blocks of the C heap per iteration at openssl::init* (issue 7)",
            ),
            (SiteKind::Mapping, "64 B in 2 mappings per iteration at openssl::init* (issue 7)"),
            (SiteKind::Thread, "2 threads per iteration at openssl::init* (issue 7)"),
            (SiteKind::Descriptor, "2 file descriptors per iteration at openssl::init* (issue 7)"),
        ] {
            assert_eq!(said(kind, 20, 640), text);
        }
        assert!(said(SiteKind::RustHeap, 1, 1).starts_with("0.1 B in 0.1 blocks"));
    }
}

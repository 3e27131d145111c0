//! Recheck of a footprint that grows inside memory that was accounted for before the judged part: pages
//! of a large vector, a table with capacity or a mapping, which the body touches for the first time.
//!
//! Such growth ends when all of it is touched. A leak of pages does not: it must show in a counted heap,
//! in memory that becomes accessible, or in memory that only descriptors hold. This recheck reads
//! nothing more: it compares the two snapshots around the judged part.

use super::recheck::{JudgedPart, Judgement, Recheck};
use crate::detect::{Conclusion, Shape, Verdict};
use crate::metric::Metric;
use crate::observer::worker_handle::capabilities::{Iterate, Settle};
use crate::observer::worker_handle::interruption::Interruption;
use crate::process::{MappingGroup, MappingKind, ProcessSnapshot};
use crate::report::{Retention, RetentionFinding};

/// Takes the pages of memory that was accounted for before out of the verdict on the footprint.
#[derive(Debug)]
pub(in crate::observer) struct FirstTouch;

impl<W: Iterate + Settle> Recheck<W> for FirstTouch {
    fn applies(&self, conclusion: &Conclusion) -> bool {
        conclusion.metrics.iter().any(|of| {
            let rises = of.verdict == Verdict::Inconclusive && of.shape == Shape::Rising;
            of.metric == Metric::Resident && (rises || of.verdict == Verdict::Growing)
        })
    }

    fn recheck(
        &self,
        _: &mut W,
        judgement: &mut Judgement<'_>,
        judged: &JudgedPart<'_>,
    ) -> Result<(), Interruption> {
        // Blocks that no counter sees may be anywhere.
        let counted = judged.counted.native && (judged.counted.rust || judged.rust_as_c);
        if let Some((before, after)) = judged.snapshots.filter(|_| counted) {
            *judgement.retention = revise(judgement.conclusion, before, after);
        }
        Ok(())
    }
}

fn revise(
    conclusion: &mut Conclusion,
    before: &ProcessSnapshot,
    after: &ProcessSnapshot,
) -> Option<Retention> {
    let iterations = conclusion.iterations;
    let of = conclusion.metrics.iter_mut().find(|of| of.metric == Metric::Resident)?;
    let elsewhere = growth_elsewhere(before, after)?;
    let allowed = i64::try_from(Metric::Resident.row().allowance).unwrap_or(i64::MAX);
    if elsewhere > allowed {
        return None;
    }
    let retention = Retention {
        finding: RetentionFinding::FirstTouch,
        iterations,
        growth: of.growth,
        given_back: 0,
        again: elsewhere,
    };
    // The verdict rests on the growth elsewhere.
    of.rate = elsewhere as f64 / iterations.max(1) as f64;
    let over = of.limit.is_some_and(|limit| i128::from(of.growth) > i128::from(limit));
    let verdict = if over { Verdict::OverLimit } else { Verdict::Steady };
    conclusion.revise(Metric::Resident, verdict, None);
    Some(retention)
}

/// Growth of the live footprint, in bytes, that memory accounted for before cannot hold. `None` without
/// VmFlags, which tell what is accounted for.
fn growth_elsewhere(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Option<i64> {
    after.committed?;
    let of = |snapshot: &ProcessSnapshot, place: Place| {
        let groups = snapshot.groups.iter().filter(|group| Place::of(group) == place);
        groups.fold((0i64, 0i64), |(live, size), group| {
            let (more, longer) = (group.sums.live().0, group.sums.virtual_size.0);
            (signed(more).saturating_add(live), signed(longer).saturating_add(size))
        })
    };
    let change = |place: Place| {
        let ((live, size), (live_after, size_after)) = (of(before, place), of(after, place));
        (live_after - live, size_after - size)
    };
    let inside = |place: Place| {
        let (live, size) = change(place);
        // Where memory was unmapped, it is not known which pages went with it.
        if size < 0 { live.max(0) } else { live.min(size).max(0) }
    };
    let others: i64 = after
        .groups
        .iter()
        .filter(|group| Place::of(group) == Place::Other)
        .map(|group| {
            let same = before.groups.iter().find(|other| is_same(other, group));
            let live_before = same.map_or(0, |other| signed(other.sums.live().0));
            (signed(group.sums.live().0) - live_before).max(0)
        })
        .sum();
    let tables = |snapshot: &ProcessSnapshot| {
        snapshot.footprint.map_or(0, |footprint| signed(footprint.page_tables))
    };
    // The page tables of address space that was accessible before are bounded by its size.
    let allowed = i64::try_from(Metric::Resident.row().allowance).unwrap_or(i64::MAX);
    let more_accessible = accessible(after) - accessible(before) > allowed;
    let tables = if more_accessible { (tables(after) - tables(before)).max(0) } else { 0 };
    Some(inside(Place::Accounted) + inside(Place::Stack) + others + tables)
}

/// Address space that can be accessed, in bytes.
fn accessible(snapshot: &ProcessSnapshot) -> i64 {
    let groups = snapshot.groups.iter().filter(|group| !group.permissions.starts_with("---"));
    groups.fold(0i64, |sum, group| sum.saturating_add(signed(group.sums.virtual_size.0)))
}

fn is_same(a: &MappingGroup, b: &MappingGroup) -> bool {
    (a.kind, &a.name, &a.permissions, &a.flags) == (b.kind, &b.name, &b.permissions, &b.flags)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What bounds the pages of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Accounted for when it was mapped: private, writable, and without `MAP_NORESERVE`
    /// (`accountable_mapping` in the kernel's mm/vma.c). Its pages are at most its size.
    Accounted,
    /// The stack of a thread, which is as large as when the thread was started.
    Stack,
    /// A reservation that a runtime or an allocator fills, an arena of glibc, shared memory, memory that
    /// a library named as its own: only what was touched counts.
    Other,
}

impl Place {
    fn of(group: &MappingGroup) -> Place {
        // Pages behind memory that became inaccessible are lost to the program.
        let accounted = group.flags.split(' ').any(|flag| flag == "ac")
            && !group.permissions.starts_with("---");
        match group.kind {
            MappingKind::Heap | MappingKind::Anonymous | MappingKind::File if accounted => {
                Place::Accounted
            }
            MappingKind::ThreadStack | MappingKind::MainStack => Place::Stack,
            _ => Place::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::MappingSums;
    use crate::units::Bytes;

    const MIB: u64 = 1 << 20;

    fn group(kind: MappingKind, flags: &str, size: u64, live: u64) -> MappingGroup {
        MappingGroup {
            kind,
            name: String::new(),
            permissions: "rw-p".into(),
            flags: flags.into(),
            sums: MappingSums {
                mappings: 1,
                virtual_size: Bytes(size),
                anonymous: Bytes(live),
                ..MappingSums::default()
            },
        }
    }

    fn elsewhere(before: Vec<MappingGroup>, after: Vec<MappingGroup>) -> Option<i64> {
        let snapshot = |groups| {
            let committed = Some(Bytes(0));
            ProcessSnapshot { groups, committed, ..ProcessSnapshot::default() }
        };
        growth_elsewhere(&snapshot(before), &snapshot(after))
    }

    #[test]
    fn pages_of_memory_that_was_accounted_for_are_not_growth() {
        let of = |size, live| vec![group(MappingKind::Anonymous, "ac", size, live)];
        assert_eq!(elsewhere(of(512 * MIB, MIB), of(512 * MIB, 64 * MIB)), Some(0));
        // A new mapping, or a larger one, that is touched.
        assert_eq!(elsewhere(of(512 * MIB, MIB), of(513 * MIB, 64 * MIB)), Some(MIB as i64));
        assert_eq!(elsewhere(of(8 * MIB, MIB), of(512 * MIB, 9 * MIB)), Some(8 * MIB as i64));
        assert_eq!(elsewhere(of(512 * MIB, MIB), of(64 * MIB, 33 * MIB)), Some(32 * MIB as i64));
        let stack = |live| vec![group(MappingKind::ThreadStack, "nr", 2 * MIB, live)];
        assert_eq!(elsewhere(stack(4096), stack(MIB)), Some(0));
    }

    #[test]
    fn pages_of_a_reservation_and_of_shared_memory_are_growth() {
        for (kind, flags) in [
            (MappingKind::Anonymous, "nr"),
            (MappingKind::Anonymous, ""),
            (MappingKind::ThreadArena, "nr"),
            (MappingKind::NamedAnonymous, "ac"),
            (MappingKind::SharedMemory, ""),
        ] {
            let of = |live| vec![group(kind, flags, 1 << 30, live)];
            assert_eq!(elsewhere(of(0), of(MIB)), Some(MIB as i64), "{kind:?} {flags}");
        }
        let inaccessible = |live| {
            let group = group(MappingKind::Anonymous, "ac", MIB, live);
            vec![MappingGroup { permissions: "---p".into(), ..group }]
        };
        assert_eq!(elsewhere(inaccessible(0), inaccessible(MIB)), Some(MIB as i64));
        // What one of them lost does not hide what another gained.
        let of = |a, b| {
            let shared = group(MappingKind::SharedMemory, "", 1 << 30, a);
            vec![shared, group(MappingKind::Anonymous, "nr", 1 << 30, b)]
        };
        assert_eq!(elsewhere(of(8 * MIB, 0), of(0, 8 * MIB)), Some(8 * MIB as i64));
    }

    #[test]
    fn without_flags_nothing_is_known() {
        let snapshot = ProcessSnapshot::default();
        assert_eq!(growth_elsewhere(&snapshot, &snapshot), None);
    }
}

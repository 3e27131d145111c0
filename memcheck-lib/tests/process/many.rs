//! Very many mappings.

use memcheck::tool::process::{MappingKind, ProcessSnapshot};
use rustix::mm::MprotectFlags;

use crate::anonymous::Area;
use crate::probe::{PAGE, Stage, check, is_probe};

/// Every second page is read-only, so that the kernel does not merge neighbours.
fn mappings(count: usize) -> Area {
    let area = Area::new(count * PAGE).touch();
    for at in (0..count).step_by(2) {
        // SAFETY: inside the mapping.
        Area { start: unsafe { area.start.add(at * PAGE) }, size: PAGE }
            .protect(MprotectFlags::READ);
    }
    area
}

#[test]
fn ten_thousand_mappings() {
    if !is_probe() {
        let looks = check("many::ten_thousand_mappings", MappingKind::Anonymous);
        let growth = looks[1].snapshot.since(&looks[0].snapshot);
        assert!((9_999..10_010).contains(&growth.mappings.expect("readable")), "{growth}");
        let sampled = looks[1].sample.mappings.expect("readable");
        assert_eq!(sampled, looks[1].snapshot.mappings.expect("readable"));
        assert!(growth.to_string().contains("+19.5 MiB anonymous rw-p in 5,0"), "{growth}");
        return;
    }
    Stage.live(0);
    mappings(10_000);
    Stage.live(10_000 * PAGE as u64);
}

/// Reading the mappings of the own process allocates. A list of all mappings would take 8 MB.
#[test]
fn reading_the_own_mappings_allocates_little() {
    if !is_probe() {
        crate::probe::Probe::looks("many::reading_the_own_mappings_allocates_little");
        return;
    }
    mappings(10_000);
    let read = || ProcessSnapshot::own().expect("our own").live_footprint().expect("readable").0;
    let first = read();
    let second = read();
    Stage.live(0);
    assert!(second.saturating_sub(first) < 512 << 10, "{first} then {second}");
}

//! Mapped files.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use memcheck::tool::process::MappingKind;
use rustix::mm::MapFlags;

use crate::probe::{MIB, Stage, check, is_probe, near};
use crate::shared::map_file;

fn file() -> OwnedFd {
    // In the folder of the build, which is on a disk; the system's temporary folder may be a tmpfs.
    let mut file: File = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a disk");
    (0..64).for_each(|_| file.write_all(&[1; 1 << 20]).expect("64 MiB of disk"));
    file.into()
}

#[test]
fn pages_of_a_file_cost_when_they_are_copied() {
    if !is_probe() {
        let looks = check("files::pages_of_a_file_cost_when_they_are_copied", MappingKind::File);
        // Of this file alone: what the process has of its own program changes with every other
        // process that runs it at the moment, as the kernel divides shared pages.
        let snapshot = &looks[1].snapshot;
        let ours = snapshot.groups.iter().filter(|group| group.name.ends_with("(deleted)"));
        let cache: u64 = ours.map(|group| group.sums.page_cache.0).sum();
        assert!(near(cache, 64 * MIB), "page cache {cache}: {:?}", snapshot.groups);
        return;
    }
    let file = file();
    Stage.live(0);
    let area = map_file(&file, MapFlags::PRIVATE).read();
    Stage.live(0);
    area.touch();
    Stage.live(64 * MIB);
}

#[test]
fn a_shared_file_is_page_cache() {
    if !is_probe() {
        check("files::a_shared_file_is_page_cache", MappingKind::File);
        return;
    }
    let file = file();
    Stage.live(0);
    map_file(&file, MapFlags::SHARED).touch();
    Stage.live(0);
}

//! The footprint against the memory cgroup's own count.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use memcheck::tool::process::Sampler;
use rustix::mm::{Advice, MapFlags, ProtFlags};

use crate::anonymous::Area;
use crate::probe::{MIB, Probe, Stage, is_probe};
use crate::skip::skip;

/// A memory cgroup below that of this test, removed at the end.
struct Cgroup {
    path: PathBuf,
    /// Names of the lines of `memory.stat` that count what a footprint counts.
    lines: &'static [&'static str],
}

impl Cgroup {
    fn make() -> Result<Cgroup, String> {
        let own = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
        let of = |controller: &str| {
            own.lines().find_map(|line| line.split_once(controller)?.1.strip_prefix(":/"))
        };
        let (parent, lines): (_, &[_]) = match of(":memory") {
            Some(path) => {
                (Path::new("/sys/fs/cgroup/memory").join(path), &["rss", "shmem", "swap"])
            }
            None => {
                let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
                let path = Path::new("/sys/fs/cgroup").join(path.ok_or("no cgroup")?);
                (path, &["anon", "shmem"])
            }
        };
        let path = parent.join(format!("memcheck-probe-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let cgroup = Cgroup { path, lines };
        match cgroup.path.join("memory.stat").exists() {
            true => Ok(cgroup),
            false => Err("no memory controller for a cgroup below this one".into()),
        }
    }

    fn count(&self) -> u64 {
        let stat = fs::read_to_string(self.path.join("memory.stat")).expect("our own cgroup");
        let lines = stat.lines().filter_map(|line| line.split_once(' '));
        let ours = lines.filter(|(name, _)| self.lines.contains(name));
        ours.map(|(_, value)| value.parse::<u64>().expect("a number")).sum()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.path);
    }
}

#[test]
fn the_footprint_is_what_the_cgroup_counts() {
    let name = "cgroup::the_footprint_is_what_the_cgroup_counts";
    if is_probe() {
        Stage.live(0);
        Area::new(64 << 20).touch();
        Stage.live(64 * MIB);
        let flags = ProtFlags::READ | ProtFlags::WRITE;
        Area::map(32 << 20, flags, MapFlags::SHARED).touch();
        Stage.live(96 * MIB);
        let freed = Area::new(16 << 20).touch().advise(Advice::LinuxFree);
        Stage.live(112 * MIB);
        freed.advise(Advice::LinuxDontNeed);
        Stage.live(96 * MIB);
        return;
    }
    let cgroup = match Cgroup::make() {
        Ok(cgroup) => cgroup,
        Err(why) => return skip(name, &why),
    };
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
        .arg(cgroup.path.join("cgroup.procs"))
        .arg(std::env::current_exe().expect("a test has one"));
    let mut probe = Probe::start_with(command, name);
    while let Some(truth) = probe.next_truth() {
        let footprint = Sampler::new(probe.pid()).expect("our child").sample().footprint;
        let footprint = footprint.expect("readable");
        let pages = footprint.total()
            - footprint.page_tables
            - footprint.private_hugetlb
            - footprint.shared_hugetlb;
        // The kernel brings the cgroup's statistics up to date every two seconds.
        let begin = Instant::now();
        let mut count = cgroup.count();
        while count.abs_diff(pages) > 64 << 10 && begin.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(50));
            count = cgroup.count();
        }
        assert!(count.abs_diff(pages) <= 64 << 10, "{truth:?}: {pages}, the cgroup {count}");
        probe.go_on();
    }
    drop(probe);
}

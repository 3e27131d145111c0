//! How much memory this process can still take: what the machine has, within the limits of its
//! control groups.

use std::path::{Path, PathBuf};

/// The bytes of memory that can be taken without swapping. `None` if the kernel does not report
/// them.
pub(crate) fn available_memory() -> Option<u64> {
    available(&|path| std::fs::read_to_string(path).ok())
}

/// Reads a file. Tests pass a function of their own.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

fn available(read: Read<'_>) -> Option<u64> {
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| {
        let line = |name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
            kilobytes.checked_mul(1024)
        };
        // Before Linux 3.14 there is no MemAvailable.
        line("MemAvailable:").or_else(|| line("MemFree:"))
    });
    let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let mounts = read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
    let limits = directories(&groups, &mounts).into_iter();
    let remaining = limits.filter_map(|group| group.remaining(read));
    machine.into_iter().chain(remaining).min()
}

/// The version of the control groups, which decides the names of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The directory of one control group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Directory {
    version: Version,
    path: PathBuf,
}

impl Directory {
    /// What the group can still take. Inactive pages of files do not count as used, because the
    /// kernel reclaims them before it refuses memory.
    fn remaining(&self, read: Read<'_>) -> Option<u64> {
        let (limits, usage, inactive): (&[&str], _, _) = match self.version {
            Version::One => {
                (&["memory.limit_in_bytes"], "memory.usage_in_bytes", "total_inactive_file ")
            }
            // Above `high`, the kernel slows processes down until they hardly run.
            Version::Two => (&["memory.max", "memory.high"], "memory.current", "inactive_file "),
        };
        let text = |name: &str| read(&self.path.join(name));
        // "max" means no limit, and is not a number.
        let limit =
            limits.iter().filter_map(|name| text(name)?.trim().parse::<u64>().ok()).min()?;
        let used: u64 = text(usage)?.trim().parse().ok()?;
        let inactive = text("memory.stat").and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix(inactive))?;
            line.trim().parse::<u64>().ok()
        });
        Some(limit.saturating_sub(used.saturating_sub(inactive.unwrap_or(0))))
    }
}

/// The memory control groups of a process: its own and its ancestors, because the limit of each
/// applies. `groups` is `/proc/self/cgroup`, `mounts` is `/proc/self/mountinfo`.
fn directories(groups: &str, mounts: &str) -> Vec<Directory> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(group)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let version = match number {
            "0" => Version::Two,
            _ if controllers.split(',').any(|name| name == "memory") => Version::One,
            _ => continue,
        };
        let Some(mount) = mounts.lines().find_map(|line| Mount::of(line, version)) else {
            continue;
        };
        // In a container only a part of the tree is mounted. If the group is outside that part,
        // only the limits of the mounted part can be read.
        let below = Path::new(group).strip_prefix(mount.root).unwrap_or(Path::new(""));
        let top = PathBuf::from(mount.point);
        let own = match below.components().any(|part| part.as_os_str() == "..") {
            true => top.clone(),
            false => top.join(below),
        };
        let levels = own.ancestors().take_while(|path| path.starts_with(&top));
        found.extend(levels.map(|path| Directory { version, path: path.to_owned() }));
    }
    found
}

/// A mount of the control groups.
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
}

impl<'a> Mount<'a> {
    /// Reads a line of mountinfo if it is the mount of memory control groups of this version.
    fn of(line: &'a str, version: Version) -> Option<Mount<'a>> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut fields = file_system.split(' ');
        let (kind, options) = (fields.next()?, fields.nth(1).unwrap_or_default());
        let fits = match version {
            Version::One => kind == "cgroup" && options.split(',').any(|name| name == "memory"),
            Version::Two => kind == "cgroup2",
        };
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        fits.then_some(Mount { root, point })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const TWO: &str = "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const ONE: &str = "\
35 29 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
36 29 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

    fn files(files: &[(&str, &str)]) -> Option<u64> {
        let files: HashMap<PathBuf, String> =
            files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
        available(&|path| files.get(path).cloned())
    }

    #[test]
    fn without_groups_the_machine_decides() {
        let meminfo = "MemTotal:  9 kB\nMemFree:   3 kB\nMemAvailable:   8 kB\n";
        assert_eq!(files(&[("/proc/meminfo", meminfo)]), Some(8192));
        assert_eq!(files(&[("/proc/meminfo", "MemFree: 3 kB\n")]), Some(3072));
        assert_eq!(files(&[]), None);
    }

    #[test]
    fn the_tightest_ancestor_group_decides() {
        let all = [
            ("/proc/meminfo", "MemAvailable: 1000000 kB\n"),
            ("/proc/self/cgroup", "0::/ci/job\n"),
            ("/proc/self/mountinfo", TWO),
            ("/sys/fs/cgroup/ci/job/memory.max", "max\n"),
            ("/sys/fs/cgroup/ci/job/memory.high", "max\n"),
            ("/sys/fs/cgroup/ci/job/memory.current", "5\n"),
            ("/sys/fs/cgroup/ci/memory.max", "10000\n"),
            ("/sys/fs/cgroup/ci/memory.high", "9000\n"),
            ("/sys/fs/cgroup/ci/memory.current", "6000\n"),
            ("/sys/fs/cgroup/ci/memory.stat", "anon 1\ninactive_file 2000\nactive_file 7\n"),
        ];
        assert_eq!(files(&all), Some(5000));
    }

    #[test]
    fn groups_of_version_one_in_a_container() {
        let all = [
            ("/proc/meminfo", "MemAvailable: 1000000 kB\n"),
            ("/proc/self/cgroup", "4:memory:/docker/abc/x\n3:cpu:/y\n0::/\n"),
            ("/proc/self/mountinfo", ONE),
            ("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n"),
            ("/sys/fs/cgroup/memory/x/memory.usage_in_bytes", "7\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "4096\n"),
            ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "5000\n"),
            ("/sys/fs/cgroup/memory/memory.stat", "total_inactive_file 1000\n"),
        ];
        assert_eq!(files(&all), Some(96));
    }

    #[test]
    fn a_group_outside_the_mounted_part() {
        let path = |groups: &str| directories(groups, ONE).pop().map(|group| group.path);
        assert_eq!(path("4:memory:/elsewhere\n"), Some("/sys/fs/cgroup/memory".into()));
        assert_eq!(path("4:memory:/docker/abc/../y\n"), Some("/sys/fs/cgroup/memory".into()));
        assert_eq!(path("4:cpu:/docker/abc\nnonsense\n"), None);
    }

    #[test]
    fn this_machine_has_available_memory() {
        assert!(available_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}

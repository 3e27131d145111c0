//! What `inspect` has to say of a process, as data.

use serde::{Deserialize, Serialize};

use super::error::ProcessError;
use super::kind::Kind;
use super::snapshot::ProcessSnapshot;
use super::sums::MappingSums;
use super::survey::Mapping;
use super::tree::Tree;
use crate::units::Bytes;

/// Version of the layout of [`Inspection`] as JSON.
pub const INSPECTION_VERSION: u32 = 1;

/// A process looked at once: what it uses, what is only address space, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inspection {
    /// Layout version, [`INSPECTION_VERSION`].
    pub version: u32,
    /// The result in one sentence.
    pub sentence: String,
    /// The command line of the process.
    pub command: Vec<String>,
    /// All metrics of the process.
    pub process: ProcessSnapshot,
    /// Mappings by kind, in the order of [`Kind::ALL`]; kinds without a mapping are left out.
    pub kinds: Vec<KindSums>,
    /// The mappings with the largest footprint, the largest first.
    pub largest: Vec<Mapping>,
    /// The mappings with the most reserved address space, the largest first.
    pub largest_reserved: Vec<Mapping>,
    /// The process with its descendants, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Tree>,
}

/// All mappings of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindSums {
    /// The kind.
    pub kind: Kind,
    /// What its mappings amount to.
    pub sums: MappingSums,
}

/// Looks at a process: its mappings, footprint and resources, with those of its descendants when
/// `tree`. Reads files of `/proc` only; the process is never stopped.
///
/// # Errors
///
/// When the process is gone, a zombie, a kernel thread, or does not permit reading its memory.
///
/// ```
/// use memcheck::process::{inspect, render};
///
/// # #[cfg(target_os = "linux")] {
/// let inspection = inspect(std::process::id() as i32, false)?;
/// assert!(inspection.sentence.contains("process uses"));
/// let text = render(&inspection, 100, false);
/// assert!(text.contains("virtual size (VSZ)"));
/// # }
/// # Ok::<(), memcheck::process::ProcessError>(())
/// ```
#[cfg(target_os = "linux")]
pub fn inspect(pid: i32, tree: bool) -> Result<Inspection, ProcessError> {
    /// As many as one looks at.
    const LARGEST: usize = 10;

    let gathered = super::gather::gather(pid, LARGEST)?;
    let survey = gathered.survey;
    let kinds = Kind::ALL
        .iter()
        .filter_map(|kind| Some(KindSums { kind: *kind, sums: *survey.by_kind.get(kind)? }));
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = command.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    Ok(Inspection {
        version: INSPECTION_VERSION,
        sentence: sentence(&gathered.snapshot),
        command: command.map(|part| String::from_utf8_lossy(part).into_owned()).collect(),
        kinds: kinds.collect(),
        largest: survey.largest,
        largest_reserved: survey.largest_reserved,
        process: gathered.snapshot,
        tree: tree.then(|| super::tree::read(pid)),
    })
}

/// Looks at a process; not on this system.
///
/// # Errors
///
/// Always: the memory of a process can be read on Linux only.
#[cfg(not(target_os = "linux"))]
pub fn inspect(pid: i32, tree: bool) -> Result<Inspection, ProcessError> {
    let _ = (pid, tree);
    Err(ProcessError::Unsupported)
}

/// Says what the address space of a process is and how much memory it uses: "137.9 GiB of the
/// 138.0 GiB virtual size is reserved address space; the process uses 3.1 MiB".
pub(crate) fn sentence(process: &ProcessSnapshot) -> String {
    let uses = match process.live_footprint() {
        Some(live) => format!("the process uses {live}"),
        None => "this kernel does not say how much the process uses".to_owned(),
    };
    let lazily = process.footprint.map_or(0, |footprint| footprint.lazy_free);
    let fd_memory = process.fd_memory.map_or(0, |memory| memory.0);
    let mut more = Vec::new();
    if lazily >= TELLING {
        more.push(format!("{} more is freed but not collected yet", Bytes(lazily)));
    }
    if fd_memory > 0 {
        more.push(format!("{} more is held only by descriptors", Bytes(fd_memory)));
    }
    let mut uses = uses;
    for part in more {
        uses.push_str(", ");
        uses.push_str(&part);
    }
    let Some(size) = process.virtual_size else { return capitalized(uses) };
    let part = |bytes: Option<Bytes>, what: &'static str| {
        let bytes = bytes.filter(|bytes| bytes.0 >= TELLING.max(size.0 / 100))?;
        Some((bytes, what))
    };
    let mut parts: Vec<(Bytes, &str)> = [
        part(process.reserved, "reserved address space"),
        part(process.untouched, "promised by the kernel but untouched"),
    ]
    .into_iter()
    .flatten()
    .collect();
    parts.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let [(first, of_first), others @ ..] = parts.as_slice() else {
        return format!("{}; its virtual size is {size}", capitalized(uses));
    };
    let (size, first) = (tenths(size), tenths(*first));
    let first = if first == size { "Nearly all".to_owned() } else { first };
    let others = others.first().map_or_else(String::new, |(second, of_second)| {
        format!(" and {} {of_second}", tenths(*second))
    });
    format!("{first} of the {size} virtual size is {of_first}{others}; {uses}")
}

/// With one decimal also where it is 0 or the number is large: the two sizes of the sentence are
/// there to be compared.
fn tenths(bytes: Bytes) -> String {
    let text = bytes.to_string();
    let unit = text.split_once(' ').map_or("B", |(_, unit)| unit);
    let power = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].iter().position(|u| *u == unit);
    match power {
        Some(power @ 1..) => format!("{:.1} {unit}", bytes.0 as f64 / 1024f64.powi(power as i32)),
        _ => text,
    }
}

/// Below this nobody wonders where memory is: any process has some of everything.
const TELLING: u64 = 1 << 20;

fn capitalized(text: String) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Footprint;
    use crate::process::growth::tests::snapshot;

    fn process(size: u64, reserved: u64, untouched: u64, used: u64) -> ProcessSnapshot {
        ProcessSnapshot {
            virtual_size: Some(Bytes(size)),
            reserved: Some(Bytes(reserved)),
            untouched: Some(Bytes(untouched)),
            footprint: Some(Footprint { anonymous: used, ..Footprint::default() }),
            ..snapshot()
        }
    }

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    #[test]
    fn says_what_the_address_space_is() {
        // A 64-bit Go 1.4 program: 8 GiB of bitmap and 128 GiB of arena.
        assert_eq!(
            sentence(&process(138 * GIB, 138 * GIB - 100 * MIB, 0, 3 * MIB + MIB / 10)),
            "137.9 GiB of the 138.0 GiB virtual size is reserved address space; the process uses \
             3.1 MiB"
        );
        assert_eq!(
            sentence(&process(9 * GIB, GIB, 8 * GIB, 30 * MIB)),
            "8.0 GiB of the 9.0 GiB virtual size is promised by the kernel but untouched and 1.0 GiB \
             reserved address space; the process uses 30 MiB"
        );
        // ASan's shadow: nothing that a tenth of a TiB would show is left.
        assert_eq!(
            sentence(&process(20 << 40, (20 << 40) - MIB, 0, 7 * MIB)),
            "Nearly all of the 20.0 TiB virtual size is reserved address space; the process uses \
             7 MiB"
        );
        assert_eq!(
            sentence(&process(5 * MIB, 4096, 8192, 3 * MIB)),
            "The process uses 3 MiB; its virtual size is 5 MiB"
        );
    }

    #[test]
    fn says_what_else_there_is_and_what_is_unknown() {
        let mut odd = process(138 * GIB, 0, 0, 80 * MIB);
        odd.fd_memory = Some(Bytes(64 * MIB));
        odd.footprint =
            Some(Footprint { anonymous: 80 * MIB, lazy_free: 64 * MIB, ..Footprint::default() });
        assert_eq!(
            sentence(&odd),
            "The process uses 16 MiB, 64 MiB more is freed but not collected yet, 64 MiB more is \
             held only by descriptors; its virtual size is 138 GiB"
        );
        odd.footprint = None;
        odd.fd_memory = None;
        odd.virtual_size = None;
        assert_eq!(sentence(&odd), "This kernel does not say how much the process uses");
    }
}

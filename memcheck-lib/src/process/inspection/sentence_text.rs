//! The result of an inspection in one sentence.

use crate::process::snapshot::ProcessSnapshot;
use crate::units::Bytes;

/// What the address space of a process consists of, and how much memory it uses: "137.9 GiB of the
/// 138.0 GiB virtual size is reserved address space; the process uses 3.1 MiB".
pub(super) fn sentence(process: &ProcessSnapshot) -> String {
    let uses = match process.live_footprint() {
        Some(live) => format!("the process uses {live}"),
        None => "this kernel does not report how much memory the process uses".to_owned(),
    };
    let lazily = process.footprint.map_or(0, |footprint| footprint.lazy_free);
    let fd_memory = process.fd_memory.map_or(0, |memory| memory.0);
    let mut more = Vec::new();
    if lazily >= NOTABLE {
        more.push(format!("plus {} freed but not reclaimed yet", Bytes(lazily)));
    }
    if fd_memory > 0 {
        more.push(format!("plus {} held only by descriptors", Bytes(fd_memory)));
    }
    let mut uses = uses;
    for part in more {
        uses.push_str(", ");
        uses.push_str(&part);
    }
    let Some(size) = process.virtual_size else { return capitalized(uses) };
    let part = |bytes: Option<Bytes>, what: &'static str| {
        let bytes = bytes.filter(|bytes| bytes.0 >= NOTABLE.max(size.0 / 100))?;
        Some((bytes, what))
    };
    let mut parts: Vec<(Bytes, &str)> = [
        part(process.reserved, "reserved address space"),
        part(process.untouched, "committed but untouched"),
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

/// A size with one decimal, also if it is 0 or the number is large, because the reader compares the
/// two sizes of the sentence.
fn tenths(bytes: Bytes) -> String {
    let text = bytes.to_string();
    let unit = text.split_once(' ').map_or("B", |(_, unit)| unit);
    let power = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].iter().position(|u| *u == unit);
    match power {
        Some(power @ 1..) => format!("{:.1} {unit}", bytes.0 as f64 / 1024f64.powi(power as i32)),
        _ => text,
    }
}

/// Smaller sizes are left out (1 MiB): every process has some memory of each sort.
const NOTABLE: u64 = 1 << 20;

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
    use crate::process::memory::Footprint;
    use crate::process::snapshot::snapshot;

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
    fn the_sentence_explains_the_address_space() {
        // A 64-bit Go 1.4 program: 8 GiB of bitmap and 128 GiB of arena.
        assert_eq!(
            sentence(&process(138 * GIB, 138 * GIB - 100 * MIB, 0, 3 * MIB + MIB / 10)),
            "137.9 GiB of the 138.0 GiB virtual size is reserved address space; the process uses \
             3.1 MiB"
        );
        assert_eq!(
            sentence(&process(9 * GIB, GIB, 8 * GIB, 30 * MIB)),
            "8.0 GiB of the 9.0 GiB virtual size is committed but untouched and 1.0 GiB reserved \
             address space; the process uses 30 MiB"
        );
        // ASan's shadow memory: in tenths of a TiB, nothing else is left.
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
    fn the_sentence_names_other_memory_and_unknown_values() {
        let mut odd = process(138 * GIB, 0, 0, 80 * MIB);
        odd.fd_memory = Some(Bytes(64 * MIB));
        odd.footprint =
            Some(Footprint { anonymous: 80 * MIB, lazy_free: 64 * MIB, ..Footprint::default() });
        assert_eq!(
            sentence(&odd),
            "The process uses 16 MiB, plus 64 MiB freed but not reclaimed yet, plus 64 MiB held only by \
             descriptors; its virtual size is 138 GiB"
        );
        odd.footprint = None;
        odd.fd_memory = None;
        odd.virtual_size = None;
        assert_eq!(sentence(&odd), "This kernel does not report how much memory the process uses");
    }
}

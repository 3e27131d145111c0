//! The result of an inspection as text.

use std::fmt::Write as _;

use super::result::Inspection;
use super::tree::ProcessTree;
use crate::process::memory::Footprint;
use crate::process::resources::Descriptor;
use crate::process::smaps::Mapping;
use crate::process::snapshot::ProcessSnapshot;
use crate::units::{Bytes, grouped};

/// Writes an inspection for a person: the sentence, bars, the metrics, a table by kind of mapping,
/// tables of the largest mappings, resources, notes. `width` is the number of columns of the
/// terminal: names are shortened to fit, but not below 20 columns. `colour` adds ANSI escape
/// sequences.
pub fn render(inspection: &Inspection, width: usize, colour: bool) -> String {
    let mut text = Text { out: String::new(), width: width.max(60), colour };
    let process = &inspection.process;
    text.head(inspection);
    text.bars(process);
    text.metrics(process);
    text.kinds(inspection);
    text.mappings("largest mappings", &inspection.largest);
    text.mappings("largest reservations", &inspection.largest_reserved);
    text.resources(process);
    if let Some(tree) = &inspection.tree {
        text.tree(tree);
    }
    for note in &process.notes {
        text.line(&format!("note: {note}"));
    }
    text.out
}

struct Text {
    out: String,
    width: usize,
    colour: bool,
}

/// The cells of one line of a table; the last is the name.
type TableRow = Vec<String>;

impl Text {
    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn painted(&self, sequence: &str, text: &str) -> String {
        match self.colour {
            true => format!("\x1b[{sequence}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn title(&mut self, title: &str) {
        let title = self.painted("1", title);
        self.out.push('\n');
        self.line(&title);
    }

    fn head(&mut self, inspection: &Inspection) {
        let process = &inspection.process;
        let command = inspection.command.join(" ");
        let name = format!("process {} ({})", process.pid, printable(&process.name));
        let room = self.width.saturating_sub(name.chars().count() + 2);
        match command.is_empty() {
            true => self.line(&name),
            false => self.line(&format!("{name}: {}", shortened(&printable(&command), room))),
        }
        let sentence = self.painted("1", &format!("{}.", inspection.sentence));
        self.line(&sentence);
    }

    /// One bar for each sort of address space. The scale is logarithmic, because a linear one
    /// cannot show reserved terabytes and used megabytes at once.
    fn bars(&mut self, process: &ProcessSnapshot) {
        let bars = [
            ("used", process.live_footprint(), "32"),
            ("untouched", process.untouched, "33"),
            ("reserved", process.reserved, "2"),
        ];
        let largest = bars.iter().filter_map(|(_, size, _)| *size).max().unwrap_or(Bytes(0));
        let cells = self.width.saturating_sub(26).clamp(10, 60);
        self.out.push('\n');
        for (word, size, sequence) in bars {
            let Some(size) = size else { continue };
            let bar = self.painted(sequence, &"█".repeat(logarithmic(size, largest, cells)));
            self.line(&format!("  {word:<10} {size:>10}  {bar}"));
        }
        if largest.0 > SMALLEST {
            self.line(&format!("  (log scale: from 4 KiB to {largest})"));
        }
    }

    fn metrics(&mut self, process: &ProcessSnapshot) {
        let footprint = process.footprint;
        let of_footprint = |of: fn(&Footprint) -> u64| footprint.as_ref().map(of).map(Bytes);
        self.title("memory");
        for (word, size, meaning) in [
            ("live footprint", process.live_footprint(), "what the process costs now"),
            ("footprint", of_footprint(|f| f.total()), "with lazily freed pages"),
            ("  anonymous", of_footprint(|f| f.anonymous), ""),
            ("  shared memory", of_footprint(|f| f.pss_shmem), "by share"),
            ("  swap", of_footprint(|f| f.swap), ""),
            (
                "  huge pages",
                of_footprint(|f| f.private_hugetlb.saturating_add(f.shared_hugetlb)),
                "",
            ),
            ("  page tables", of_footprint(|f| f.page_tables), ""),
            ("lazily freed", of_footprint(|f| f.lazy_free), ""),
            ("fd memory", process.fd_memory, "memory that only descriptors hold"),
            ("resident (RSS)", process.resident, "with shared pages and page cache in full"),
            ("unique (USS)", process.unique, "pages of this process only"),
            ("proportional (PSS)", process.proportional, "with shared pages by share"),
            ("page cache", process.page_cache, "pages of files, by share"),
            ("peak resident", process.peak, "highest resident set so far"),
            ("committed", process.committed, "memory that the kernel guarantees"),
            ("untouched", process.untouched, "committed, but never touched"),
            ("reserved", process.reserved, "address space only"),
            ("virtual size (VSZ)", process.virtual_size, "the whole address space"),
        ] {
            let size = size.map_or_else(|| "unknown".to_owned(), |size| size.to_string());
            self.line(&format!("  {word:<19} {size:>10}  {meaning}"));
        }
    }

    fn kinds(&mut self, inspection: &Inspection) {
        let head =
            ["mappings", "virtual", "used", "resident", "untouched", "reserved", "page cache"];
        let rows = inspection.kinds.iter().map(|row| {
            let sums = &row.sums;
            let mut cells = vec![grouped(i64::try_from(sums.mappings).unwrap_or(i64::MAX))];
            cells.extend(
                [
                    sums.virtual_size,
                    sums.live(),
                    sums.resident,
                    sums.untouched,
                    sums.reserved,
                    sums.page_cache,
                ]
                .map(size_or_dash),
            );
            cells.push(row.kind.to_string());
            cells
        });
        let rows = rows.collect();
        self.title("by kind of mapping");
        self.table(&head, "kind", rows);
    }

    fn mappings(&mut self, title: &str, mappings: &[Mapping]) {
        if mappings.is_empty() {
            return;
        }
        let rows = mappings.iter().map(|mapping| {
            let sums = &mapping.sums;
            let mut cells = [sums.virtual_size, sums.live(), sums.untouched, sums.reserved]
                .map(size_or_dash)
                .to_vec();
            cells.push(mapping.permissions.clone());
            cells.push(match mapping.name.is_empty() {
                true => mapping.kind.to_string(),
                false => printable(&mapping.name),
            });
            cells
        });
        let rows = rows.collect();
        self.title(title);
        self.table(&["virtual", "used", "untouched", "reserved", "access"], "name", rows);
    }

    /// Numbers are aligned to the right. The name comes last and is shortened to fit.
    fn table(&mut self, head: &[&str], last: &str, rows: Vec<TableRow>) {
        let mut widths: Vec<usize> = head.iter().map(|cell| cell.len()).collect();
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let taken: usize = widths.iter().map(|width| width + 2).sum();
        let room = self.width.saturating_sub(taken + 2).max(20);
        let head = head.iter().map(|cell| (*cell).to_owned()).chain([last.to_owned()]).collect();
        for row in std::iter::once(head).chain(rows) {
            let mut line = String::new();
            for (width, cell) in widths.iter().zip(&row) {
                let _ = write!(line, "  {cell:>width$}");
            }
            if let Some(name) = row.last() {
                let _ = write!(line, "  {}", shortened(name, room));
            }
            self.line(&line);
        }
    }

    fn resources(&mut self, process: &ProcessSnapshot) {
        self.title("resources");
        if let Some(threads) = &process.threads {
            let names = threads.iter().map(|group| match group.count {
                1 => printable(&group.name),
                count => format!("{count} {}", printable(&group.name)),
            });
            self.resource("threads", process.thread_count(), &listed(names));
        }
        if let Some(children) = &process.children {
            let names = children.iter().map(|child| {
                let zombie = if child.zombie { " (zombie)" } else { "" };
                format!("{} {}{zombie}", child.pid, printable(&child.name))
            });
            self.resource("children", Some(children.len() as u64), &listed(names));
        }
        if let Some(descriptors) = &process.descriptors {
            let names = by_kind(descriptors);
            self.resource("fds", Some(descriptors.len() as u64), &listed(names.into_iter()));
        }
        let limit = process.max_mappings.map_or_else(String::new, |limit| {
            format!("of {} allowed (vm.max_map_count)", count_text(limit))
        });
        self.resource("mappings", process.mappings, &limit);
        let in_memory = process.descriptors.iter().flatten().filter(|d| d.memory.is_some());
        for descriptor in in_memory {
            let size = descriptor.memory.unwrap_or_default();
            let target = printable(&descriptor.target);
            self.line(&format!("  fd {}: {size} in {target}", descriptor.number));
        }
    }

    fn resource(&mut self, word: &str, count: Option<u64>, what: &str) {
        let count = count.map_or_else(|| "unknown".to_owned(), count_text);
        let room = self.width.saturating_sub(22);
        self.line(&format!("  {word:<9} {count:>7}  {}", shortened(what, room)));
    }

    fn tree(&mut self, tree: &ProcessTree) {
        self.title("with its descendants");
        let (total, counted) = (tree.total(), tree.counted());
        let processes = if counted == 1 { "process uses" } else { "processes use" };
        self.line(&format!("  {counted} {processes} {total}, shared memory counted once"));
        let rows = tree.processes.iter().map(|process| {
            let footprint = process.footprint.map(|footprint| Bytes(footprint.total()));
            let share = process.share.map(|share| share.total());
            let size = |size: Option<Bytes>| size.map_or_else(|| "-".to_owned(), |s| s.to_string());
            let indent = "  ".repeat(process.depth as usize);
            let name = format!("{indent}{} {}", process.pid, printable(&process.name));
            let name = match &process.problem {
                Some(problem) => format!("{name}: {problem}"),
                None => name,
            };
            vec![size(share), size(footprint), size(process.resident), name]
        });
        let rows = rows.collect();
        self.table(&["share", "alone", "resident"], "process", rows);
        if tree.shared_hugetlb.0 > 0 {
            self.line(&format!("  {} of shared huge pages, counted once", tree.shared_hugetlb));
        }
        if let Some(memory) = tree.fd_memory.filter(|memory| memory.0 > 0) {
            self.line(&format!("  only descriptors hold another {memory}"));
        }
        for note in &tree.notes {
            self.line(&format!("  note: {note}"));
        }
    }
}

/// The size at which a bar begins: one page.
const SMALLEST: u64 = 4096;

/// The length of a bar that has `cells` cells at `largest` and begins at one page.
fn logarithmic(size: Bytes, largest: Bytes, cells: usize) -> usize {
    if size.0 == 0 || largest.0 <= SMALLEST {
        return 0;
    }
    let steps = |bytes: Bytes| (bytes.0 as f64 / SMALLEST as f64).log2().max(0.0);
    let filled = cells as f64 * steps(size) / steps(largest);
    (filled.round() as usize).clamp(1, cells)
}

fn size_or_dash(size: Bytes) -> String {
    if size.0 == 0 { "-".to_owned() } else { size.to_string() }
}

fn count_text(count: u64) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The first 8 names of a list.
fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let shown = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(8) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The number of descriptors of each kind, the most frequent first: `12 socket`, `3 file`.
fn by_kind(descriptors: &[Descriptor]) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::new();
    for descriptor in descriptors {
        *counts.entry(descriptor.kind).or_insert(0u64) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(kind, count)| format!("{} {kind}", count_text(count))).collect()
}

/// Replaces control characters, which a name of another process can contain, so that they do not
/// reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Removes the middle of a text that is too long: both ends of a path matter to a reader.
fn shortened(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room || room < 4 {
        return text.to_owned();
    }
    let head = (room - 1) / 2;
    let tail = room - 1 - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests;

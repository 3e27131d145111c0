//! Where a process grew: by kind of mapping, by name of thread, by kind of descriptor.

use std::cmp::Reverse;

use crate::metric::Metric;
use crate::process::ProcessGrowth;
use crate::report::{Report, Verdict};

/// Most rows for one metric.
const ROWS: usize = 3;

/// A row that grew by less than this part of the largest one is left out, as noise.
const SMALLEST_PART: i64 = 16;

/// The largest rows of each metric that is not steady, in the order of the metrics. Empty if the process
/// was not measured at both ends.
pub(super) fn rows(report: &Report) -> Vec<String> {
    let growth = report.growth.as_ref().and_then(|growth| growth.process.as_ref());
    let Some(growth) = growth else { return Vec::new() };
    let mut rows: Vec<String> = Vec::new();
    for of in report.metrics.iter().filter(|of| of.verdict != Verdict::Steady) {
        for row in rows_of(of.metric, growth) {
            // Footprint and mappings often grow in the same place.
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    rows
}

fn rows_of(metric: Metric, growth: &ProcessGrowth) -> Vec<String> {
    match metric {
        Metric::Resident => {
            let groups = growth.groups.iter().map(|group| (group.live, group.to_string()));
            let tables = growth.page_tables.unwrap_or(0);
            let tables =
                (tables, format!("{} page tables", super::phrases::signed(metric, tables)));
            largest(metric, groups.chain([tables]))
        }
        Metric::Mappings => {
            largest(metric, growth.groups.iter().map(|group| (group.mappings, group.to_string())))
        }
        Metric::Threads => {
            largest(metric, growth.threads.iter().map(|of| (of.count, of.of_threads())))
        }
        Metric::Children => {
            largest(metric, growth.children.iter().map(|of| (of.count, of.of_children())))
        }
        Metric::Fds | Metric::FdMemory => {
            largest(metric, growth.descriptors.iter().map(|of| (of.count, of.to_string())))
        }
        // The counters have no breakdown; call stacks explain these.
        Metric::HeapBytes
        | Metric::HeapBlocks
        | Metric::NativeBytes
        | Metric::NativeBlocks
        | Metric::Tasks => Vec::new(),
    }
}

/// The largest few of what grew, and how many are left out.
fn largest(metric: Metric, rows: impl Iterator<Item = (i64, String)>) -> Vec<String> {
    let mut rows: Vec<(i64, String)> = rows.filter(|(grown, _)| *grown > 0).collect();
    rows.sort_by_key(|(grown, _)| Reverse(*grown));
    let least = rows.first().map_or(0, |(grown, _)| grown / SMALLEST_PART);
    rows.retain(|(grown, _)| *grown >= least);
    let more = rows.len().saturating_sub(ROWS);
    let more = (more > 0).then(|| format!("and {more} more ({metric})"));
    rows.truncate(ROWS);
    rows.into_iter().map(|(_, row)| row).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{MetricReport, Shape};
    use crate::process::{CountGrowth, DescriptorGrowth, DescriptorKind, GroupGrowth, MappingKind};
    use crate::report::{Outcome, TestId};
    use crate::snapshot::{Growth, Scope};

    const MIB: i64 = 1 << 20;

    fn group(kind: MappingKind, live: i64, mappings: i64) -> GroupGrowth {
        GroupGrowth {
            kind,
            name: if kind == MappingKind::Heap { "[heap]".into() } else { String::new() },
            permissions: "rw-p".into(),
            flags: "ac".into(),
            live,
            reserved: 0,
            virtual_size: live,
            mappings,
        }
    }

    fn growth() -> ProcessGrowth {
        let named = |name: &str, count| CountGrowth { name: name.into(), count };
        let fds = |kind, count| DescriptorGrowth { kind, target: None, count };
        ProcessGrowth {
            page_tables: Some(132 << 10),
            groups: vec![
                group(MappingKind::Anonymous, 64 * MIB, 16_384),
                group(MappingKind::Heap, 8 * MIB, 0),
                group(MappingKind::ThreadStack, 8192, 8),
                group(MappingKind::File, -MIB, -1),
            ],
            threads: vec![named("main", -1), named("worker", 8)],
            children: vec![named("sleep (zombie)", 1)],
            descriptors: vec![fds(DescriptorKind::Socket, 5), fds(DescriptorKind::Pipe, -2)],
            ..ProcessGrowth::default()
        }
    }

    fn report(verdicts: &[(Metric, Verdict)]) -> Report {
        let metric = |&(metric, verdict): &(Metric, Verdict)| MetricReport {
            metric,
            verdict,
            shape: Shape::Growing,
            growth: 1,
            rate: 1.0,
            limit: None,
            sensitivity: None,
            windows: Vec::new(),
        };
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.metrics = verdicts.iter().map(metric).collect();
        report.growth = Some(Growth { scope: Scope::Worker, heap: None, process: Some(growth()) });
        report
    }

    #[test]
    fn rows_name_the_largest_growth_of_each_metric() {
        use Metric::*;
        let all = [Resident, FdMemory, Fds, Threads, Children, Mappings];
        let all = all.map(|metric| (metric, Verdict::Growing));
        assert_eq!(
            rows(&report(&all)),
            [
                "+64 MiB anonymous rw-p in 16,384 mappings",
                "+8 MiB [heap]",
                "+5 fds: socket",
                "+8 threads named worker",
                "+1 child: sleep (zombie)",
            ]
        );
    }

    #[test]
    fn steady_metrics_have_no_rows() {
        let metrics = [
            (Metric::Resident, Verdict::Steady),
            (Metric::Threads, Verdict::OverLimit),
            (Metric::Fds, Verdict::Inconclusive),
        ];
        assert_eq!(rows(&report(&metrics)), ["+8 threads named worker", "+5 fds: socket"]);
        assert!(rows(&report(&[(Metric::HeapBytes, Verdict::Growing)])).is_empty());
    }

    #[test]
    fn omitted_rows_are_counted() {
        let mut report = report(&[(Metric::Threads, Verdict::Growing)]);
        let growth = report.growth.as_mut().and_then(|growth| growth.process.as_mut());
        let threads = &mut growth.expect("just made").threads;
        *threads = (1..=8).map(|count| CountGrowth { name: format!("t{count}"), count }).collect();
        assert_eq!(
            rows(&report),
            [
                "+8 threads named t8",
                "+7 threads named t7",
                "+6 threads named t6",
                "and 5 more (threads)",
            ]
        );
    }

    #[test]
    fn report_without_measurement_has_no_rows() {
        let mut report = report(&[(Metric::Threads, Verdict::Growing)]);
        report.growth = None;
        assert!(rows(&report).is_empty());
    }

    #[test]
    fn growing_page_tables_have_a_row() {
        let mut report = report(&[(Metric::Resident, Verdict::Growing)]);
        let growth = report.growth.as_mut().and_then(|growth| growth.process.as_mut());
        growth.expect("just made").groups.clear();
        assert_eq!(rows(&report), ["+132 KiB page tables"]);
    }
}

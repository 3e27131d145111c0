//! The table of metrics.

use std::fmt;

use super::code::Metric;
use super::plant_kind::PlantKind;
use super::row::{Cause, Evidence, GrowthPhrase, Heap, Limit, LimitedBy, Row, SiteRelation};
use super::site_kind::SiteKind;

/// Growth of a memory metric that leaves no doubt, and that a process with little memory can bear:
/// 64 MiB. A container that doubles shows four doublings from 4 MiB on.
const ENOUGH_BYTES: f64 = (64u64 << 20) as f64;

/// Blocks that the recorder's tables have room for, of 1.5 million, with a reserve for those that
/// live for a short time.
const RECORDED_BLOCKS: f64 = 1_200_000.0;

/// Allocators take their memory with mappings, and stacks of threads are mappings.
const MEMORY: &[SiteKind] = &[SiteKind::RustHeap, SiteKind::CHeap, SiteKind::Mapping];

/// Writes the row of each metric: `Variant { fields of its row }`.
macro_rules! rows {
    ($($metric:ident { $($row:tt)* })*) => {
        impl Metric {
            /// What there is to know about the metric.
            pub(crate) const fn row(self) -> &'static Row {
                match self {
                    $(Metric::$metric => {
                        const ROW: Row = Row { $($row)* };
                        &ROW
                    })*
                }
            }
        }
    };
}

rows! {
    HeapBytes {
        name: "heap",
        noun: ["block", "blocks"],
        growth_code: "heap-growth",
        growth: GrowthPhrase::Survives(""),
        is_bytes: true,
        heap: Heap::Bytes { blocks: Metric::HeapBlocks },
        evidence: Evidence::RustHeap,
        must_be_readable: false,
        limit: Limit::PerIteration(Metric::HeapBytes),
        limited_by: Some(LimitedBy {
            option: "heap",
            value: |options| options.heap.map(|bytes| bytes.0),
        }),
        allowance: 0,
        enough_growth: ENOUGH_BYTES,
        // As much as the judged part grew by: a container that doubles needs all of it.
        recorded_growth: f64::INFINITY,
        sites: SiteRelation::Counted(SiteKind::RustHeap),
        explained_by: &[],
        cause: Cause::Own,
        always_shown: true,
        may_fill: "a cache",
        usual_fix: None,
        plant: Some(PlantKind::GrowingVec),
    }

    HeapBlocks {
        name: "heap blocks",
        noun: ["block", "blocks"],
        growth_code: "heap-growth",
        growth: GrowthPhrase::Survives(""),
        is_bytes: false,
        heap: Heap::Blocks { bytes: Metric::HeapBytes },
        evidence: Evidence::RustHeap,
        must_be_readable: false,
        limit: Limit::Total,
        limited_by: None,
        allowance: 0,
        // The bytes decide: a million blocks may be few bytes.
        enough_growth: f64::INFINITY,
        recorded_growth: RECORDED_BLOCKS,
        sites: SiteRelation::Counted(SiteKind::RustHeap),
        explained_by: &[],
        cause: Cause::Own,
        always_shown: false,
        may_fill: "a cache",
        usual_fix: None,
        plant: Some(PlantKind::RustBlock),
    }

    NativeBytes {
        name: "C heap",
        noun: ["C block", "C blocks"],
        growth_code: "c-heap-growth",
        growth: GrowthPhrase::Survives(" on the C heap"),
        is_bytes: true,
        heap: Heap::Bytes { blocks: Metric::NativeBlocks },
        evidence: Evidence::CHeap,
        must_be_readable: false,
        // The limit on the heap holds for each heap by itself.
        limit: Limit::PerIteration(Metric::HeapBytes),
        limited_by: None,
        allowance: 0,
        enough_growth: ENOUGH_BYTES,
        recorded_growth: f64::INFINITY,
        sites: SiteRelation::Counted(SiteKind::CHeap),
        explained_by: &[],
        cause: Cause::Own,
        always_shown: false,
        may_fill: "a cache",
        usual_fix: None,
        plant: None,
    }

    NativeBlocks {
        name: "C heap blocks",
        noun: ["C block", "C blocks"],
        growth_code: "c-heap-growth",
        growth: GrowthPhrase::Survives(" on the C heap"),
        is_bytes: false,
        heap: Heap::Blocks { bytes: Metric::NativeBytes },
        evidence: Evidence::CHeap,
        must_be_readable: false,
        limit: Limit::Total,
        limited_by: None,
        allowance: 0,
        enough_growth: f64::INFINITY,
        recorded_growth: RECORDED_BLOCKS,
        sites: SiteRelation::Counted(SiteKind::CHeap),
        explained_by: &[],
        cause: Cause::Own,
        always_shown: false,
        may_fill: "a cache",
        usual_fix: None,
        plant: Some(PlantKind::CBlock),
    }

    Resident {
        name: "resident",
        noun: ["byte", "bytes"],
        growth_code: "resident-growth",
        growth: GrowthPhrase::Grows("the live footprint"),
        is_bytes: true,
        heap: Heap::Contained,
        evidence: Evidence::Kernel,
        must_be_readable: true,
        limit: Limit::Total,
        limited_by: Some(LimitedBy {
            option: "resident",
            value: |options| options.resident.map(|bytes| bytes.0),
        }),
        // Page-wise noise of an allocator and of the kernel, seen on clean bodies.
        allowance: 256 << 10,
        enough_growth: ENOUGH_BYTES,
        recorded_growth: f64::INFINITY,
        // What grows in a heap is traced by the heap.
        sites: SiteRelation::Related(SiteKind::Mapping),
        explained_by: MEMORY,
        cause: Cause::Consequence,
        always_shown: true,
        may_fill: "a cache",
        usual_fix: None,
        plant: Some(PlantKind::Page),
    }

    FdMemory {
        name: "fd memory",
        noun: ["byte of fd memory", "bytes of fd memory"],
        growth_code: "fd-memory-growth",
        growth: GrowthPhrase::Grows("memory held only by file descriptors"),
        is_bytes: true,
        heap: Heap::None,
        evidence: Evidence::Kernel,
        must_be_readable: false,
        limit: Limit::Total,
        limited_by: None,
        allowance: 0,
        enough_growth: ENOUGH_BYTES,
        recorded_growth: f64::INFINITY,
        sites: SiteRelation::Related(SiteKind::Descriptor),
        explained_by: &[SiteKind::Descriptor],
        cause: Cause::Held,
        always_shown: false,
        may_fill: "a cache",
        usual_fix: None,
        plant: None,
    }

    Fds {
        name: "fds",
        noun: ["fd", "fds"],
        growth_code: "fd-growth",
        growth: GrowthPhrase::Left(["file descriptor is", "file descriptors are"], "left open"),
        is_bytes: false,
        heap: Heap::None,
        evidence: Evidence::Kernel,
        must_be_readable: true,
        limit: Limit::Total,
        limited_by: Some(LimitedBy { option: "fds", value: |options| options.fds }),
        allowance: 0,
        // An eighth of the soft limit of a shell (`ulimit -n`), 1,024; half of that is recorded.
        enough_growth: 128.0,
        recorded_growth: 64.0,
        sites: SiteRelation::Counted(SiteKind::Descriptor),
        explained_by: &[SiteKind::Descriptor],
        cause: Cause::Own,
        always_shown: false,
        may_fill: "a pool",
        usual_fix: None,
        plant: Some(PlantKind::Fd),
    }

    Threads {
        name: "threads",
        noun: ["thread", "threads"],
        growth_code: "thread-growth",
        growth: GrowthPhrase::Left(["thread is", "threads are"], "left running"),
        is_bytes: false,
        heap: Heap::None,
        evidence: Evidence::Kernel,
        must_be_readable: true,
        limit: Limit::Total,
        limited_by: Some(LimitedBy { option: "threads", value: |options| options.threads }),
        allowance: 0,
        // Containers often allow a few hundred threads and processes (`pids.max`).
        enough_growth: 64.0,
        recorded_growth: 48.0,
        sites: SiteRelation::Counted(SiteKind::Thread),
        explained_by: &[SiteKind::Thread],
        cause: Cause::BringsOthers,
        always_shown: false,
        may_fill: "a pool",
        usual_fix: None,
        plant: Some(PlantKind::Thread),
    }

    Tasks {
        name: "tasks",
        noun: ["task", "tasks"],
        growth_code: "task-growth",
        growth: GrowthPhrase::Left(["task is", "tasks are"], "left unfinished"),
        is_bytes: false,
        heap: Heap::None,
        evidence: Evidence::Runtime,
        must_be_readable: false,
        limit: Limit::Total,
        limited_by: Some(LimitedBy { option: "tasks", value: |options| options.tasks }),
        allowance: 0,
        enough_growth: 1024.0,
        recorded_growth: 1024.0,
        // A task is a block of the Rust heap, which is accounted for there.
        sites: SiteRelation::Related(SiteKind::RustHeap),
        explained_by: &[],
        cause: Cause::BringsOthers,
        always_shown: false,
        may_fill: "a pool",
        usual_fix: None,
        plant: None,
    }

    Children {
        name: "children",
        noun: ["child", "children"],
        growth_code: "child-growth",
        growth: GrowthPhrase::Left(["child process is", "child processes are"], "left running or as a zombie"),
        is_bytes: false,
        heap: Heap::None,
        evidence: Evidence::Kernel,
        must_be_readable: true,
        limit: Limit::Total,
        limited_by: Some(LimitedBy { option: "children", value: |options| options.children }),
        allowance: 0,
        enough_growth: 64.0,
        recorded_growth: 48.0,
        sites: SiteRelation::Counted(SiteKind::Child),
        explained_by: &[SiteKind::Child],
        cause: Cause::BringsOthers,
        always_shown: false,
        may_fill: "a pool",
        usual_fix: Some(
            "wait for each child (`Child::wait`), else it stays as a zombie after it ends",
        ),
        plant: None,
    }

    Mappings {
        name: "mappings",
        noun: ["mapping", "mappings"],
        growth_code: "mapping-growth",
        growth: GrowthPhrase::Left(["mapping is", "mappings are"], "left mapped"),
        is_bytes: false,
        heap: Heap::None,
        evidence: Evidence::Kernel,
        must_be_readable: true,
        limit: Limit::Total,
        limited_by: Some(LimitedBy { option: "mappings", value: |options| options.mappings }),
        // Allocators split and merge their mappings.
        allowance: 8,
        // A process may have 65,530 (`vm.max_map_count`).
        enough_growth: 1024.0,
        recorded_growth: 1024.0,
        sites: SiteRelation::Counted(SiteKind::Mapping),
        explained_by: MEMORY,
        cause: Cause::Consequence,
        always_shown: false,
        may_fill: "a cache",
        usual_fix: None,
        plant: None,
    }
}

impl Metric {
    /// The name in reports: `heap`, `resident`, `fds` …
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether the metric is a size in bytes (else it is a count).
    pub const fn is_bytes(self) -> bool {
        self.row().is_bytes
    }

    /// The heaps: bytes and blocks of each.
    #[doc(hidden)]
    pub fn heaps() -> impl Iterator<Item = (Metric, Metric)> {
        Metric::ALL.into_iter().filter_map(|metric| match metric.row().heap {
            Heap::Bytes { blocks } => Some((metric, blocks)),
            Heap::Blocks { .. } | Heap::Contained | Heap::None => None,
        })
    }

    /// Whether it counts the blocks of a heap, which reports tell together with the bytes.
    pub(crate) const fn is_blocks(self) -> bool {
        matches!(self.row().heap, Heap::Blocks { .. })
    }

    /// Whether a limit holds its rate, per iteration (else its growth in total).
    pub(crate) const fn is_limited_by_rate(self) -> bool {
        matches!(self.row().limit, Limit::PerIteration(_))
    }
}

/// The metric that must be called growing, for each kind: read from the table of metrics. A kind
/// without a metric does not compile.
const PLANTED: [Metric; PlantKind::ALL.len()] = {
    let mut metrics = [Metric::HeapBytes; PlantKind::ALL.len()];
    let mut kind = 0;
    while kind < metrics.len() {
        assert!(PlantKind::ALL[kind] as usize == kind, "PlantKind::ALL is in order of declaration");
        let mut at = 0;
        loop {
            // Evaluated by the compiler: the index out of bounds is a compile error.
            let metric = Metric::ALL[at];
            if let Some(plant) = metric.row().plant
                && plant as usize == kind
            {
                metrics[kind] = metric;
                break;
            }
            at += 1;
        }
        kind += 1;
    }
    metrics
};

impl PlantKind {
    /// The metric that must be called growing.
    pub const fn metric(self) -> Metric {
        PLANTED[self as usize]
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_codes_are_unique() {
        let names: BTreeSet<_> = Metric::ALL.map(Metric::name).into();
        let codes: BTreeSet<_> = Metric::ALL.map(Metric::code).into();
        assert_eq!((names.len(), codes.len()), (Metric::ALL.len(), Metric::ALL.len()));
    }

    #[test]
    fn each_plant_proves_the_metric_that_names_it() {
        for kind in PlantKind::ALL {
            assert_eq!(kind.metric().row().plant, Some(kind));
        }
    }

    #[test]
    fn bytes_and_blocks_of_a_heap_name_each_other() {
        for metric in Metric::ALL {
            let partner = match metric.row().heap {
                Heap::Bytes { blocks } => blocks.row().heap == Heap::Blocks { bytes: metric },
                Heap::Blocks { bytes } => bytes.row().heap == Heap::Bytes { blocks: metric },
                Heap::Contained | Heap::None => true,
            };
            assert!(partner, "{metric}");
        }
    }

    #[test]
    fn limiting_options_are_options() {
        for option in Metric::ALL.into_iter().filter_map(|metric| metric.row().limited_by) {
            assert!(memcheck_options::find(option.option).is_some(), "{}", option.option);
        }
    }
}

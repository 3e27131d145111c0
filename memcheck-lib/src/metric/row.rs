//! What there is to know about a metric besides its readings.

use super::code::Metric;
use super::plant_kind::PlantKind;
use super::site_kind::SiteKind;
use crate::options::Options;

/// What there is to know about a metric besides its readings.
#[derive(Debug)]
pub(crate) struct Row {
    /// The name in reports.
    pub(crate) name: &'static str,
    /// One and several of what it counts, for short texts: `fd`, `fds`.
    pub(crate) noun: [&'static str; 2],
    /// The code of a diagnostic that says that it grows: `error[fd-growth]`.
    pub(crate) growth_code: &'static str,
    /// How a sentence says that it grows.
    pub(crate) growth: GrowthPhrase,
    /// Whether it is a size in bytes; else it is a count.
    pub(crate) is_bytes: bool,
    /// Which part of a heap it is.
    pub(crate) heap: Heap,
    /// Where the readings come from.
    pub(crate) evidence: Evidence,
    /// Whether a run in which it was never read is inconclusive.
    pub(crate) must_be_readable: bool,
    /// What a limit holds.
    pub(crate) limit: Limit,
    /// The option that sets its limit.
    pub(crate) limited_by: Option<LimitedBy>,
    /// Growth over the judged part that passes when no limit is set.
    pub(crate) allowance: u64,
    /// Growth after which a growing metric needs no further evidence. Without this bound a leaking
    /// body runs into the limits of its process before it is judged.
    pub(crate) enough_growth: f64,
    /// Growth that is enough for the recording: descriptors, threads and processes are few, and
    /// recorded blocks must fit into the recorder's tables.
    pub(crate) recorded_growth: f64,
    /// The sites that the metric leads to.
    pub(crate) sites: SiteRelation,
    /// The kinds of site that explain its growth. If none of these grows, a note says so. Empty where
    /// the recording itself accounts for every item.
    pub(crate) explained_by: &'static [SiteKind],
    /// Its place in a chain of causes.
    pub(crate) cause: Cause,
    /// Whether the line of every test shows it, also when it is steady.
    pub(crate) always_shown: bool,
    /// What a user may have that fills up and looks like a leak: `a cache`.
    pub(crate) may_fill: &'static str,
    /// What to do first when it grows, where there is one usual mistake.
    pub(crate) usual_fix: Option<&'static str>,
    /// The planted leak that proves that its growth is detected.
    pub(crate) plant: Option<PlantKind>,
}

/// How a sentence says that a metric grows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GrowthPhrase {
    /// `24 B in 1 block survive every iteration`: bytes and blocks of a heap in one sentence, which
    /// ends with this text.
    Survives(&'static str),
    /// `1 file descriptor is left open by every iteration`: subject and verb for one and for
    /// several, and the state.
    Left([&'static str; 2], &'static str),
    /// `the live footprint grows by 4 KiB in every iteration`: the subject.
    Grows(&'static str),
}

/// Which part of a heap a metric is. Bytes and blocks of one heap are reported together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    /// The live bytes, with the metric of the blocks.
    Bytes {
        /// Live blocks of the same heap.
        blocks: Metric,
    },
    /// The live blocks, with the metric of the bytes.
    Blocks {
        /// Live bytes of the same heap.
        bytes: Metric,
    },
    /// It measures something that contains the heaps: their pages are part of it.
    Contained,
    /// It has nothing to do with a heap.
    None,
}

/// Where the readings of a metric come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// The counters of the Rust heap, where memcheck's allocator is the global one.
    RustHeap,
    /// The counters of the C heap, where malloc is interposed.
    CHeap,
    /// `/proc`, from outside the process.
    Kernel,
    /// The runtime of an `async` test. Other tests do not have the metric.
    Runtime,
}

/// What a limit on a metric holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The growth per iteration. The limit is the one set for this metric.
    PerIteration(Metric),
    /// The growth over the whole judged part.
    Total,
}

/// The option that sets the limit of a metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitedBy {
    /// Its name in the attribute.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test looks it up in the option table"))]
    pub(crate) option: &'static str,
    /// Its value in these options.
    pub(crate) value: fn(&Options) -> Option<u64>,
}

/// The sites that a metric leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteRelation {
    /// Each item or byte that the metric counts is one that a site of this kind acquired.
    Counted(SiteKind),
    /// Sites of this kind are likely causes, but their numbers are not those of the metric.
    Related(SiteKind),
}

impl SiteRelation {
    /// The kind of site.
    pub(crate) const fn kind(self) -> SiteKind {
        match self {
            SiteRelation::Counted(kind) | SiteRelation::Related(kind) => kind,
        }
    }
}

/// The place of a metric in a chain of causes. Reports tell the cause before its consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// It brings growth of other metrics with it: each thread has a stack and a descriptor table.
    BringsOthers,
    /// It grows on its own.
    Own,
    /// It is held by items that another metric counts, but tells something that those do not.
    Held,
    /// It grows with any of the others. It is a finding only if nothing else grows.
    Consequence,
}

impl Cause {
    /// Every place, the first cause first.
    pub(crate) const ALL: [Cause; 4] =
        [Cause::BringsOthers, Cause::Own, Cause::Held, Cause::Consequence];

    /// Whether it follows the growth of other metrics, sooner or later.
    pub(crate) const fn follows(self) -> bool {
        match self {
            Cause::BringsOthers | Cause::Own => false,
            Cause::Held | Cause::Consequence => true,
        }
    }
}

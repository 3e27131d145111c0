//! Observes a recorded body, and checks what must be true of every recording.

use memcheck::tool::report::{Account, Amount, Report, Site, SiteKind, Sites};
use memcheck::tool::{Cancel, Launch, Record, Settings, observe};
use memcheck::{Check, Options, Snapshot, Workload};

/// What the account of a kind leaves unexplained in each iteration of a case. For every other case and
/// kind this is zero.
const UNEXPLAINED: [(&str, SiteKind, Amount); 1] = [
    // The kernel counts them, but no function of glibc creates them.
    ("raw_system_calls", SiteKind::Descriptor, Amount { blocks: 1, bytes: 0 }),
];

/// A body and the check of its report.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) iterations: u64,
    pub(crate) body: fn(Workload),
    pub(crate) truth: fn(&Report, &Sites),
}

pub(crate) fn run(cases: &[Case]) {
    for (name, ..) in UNEXPLAINED {
        assert!(cases.iter().any(|case| case.name == name), "no case is called {name}");
    }
    let is_worker = std::env::var_os("MEMCHECK_CHECK").is_some();
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for case in cases {
        if is_worker {
            let options = Options::new().iterations(case.iterations);
            let _ = Check::new(case.name).options(options).run_workload(case.body);
            continue;
        }
        if !only.is_empty() && !only.iter().any(|word| case.name.contains(word.as_str())) {
            continue;
        }
        let report = observed(case.name);
        let sites = report.sites.as_ref().unwrap_or_else(|| panic!("{}: {report}", case.name));
        println!("{}: {} iterations, {:?}", case.name, sites.iterations, sites.notes);
        if std::env::var_os("SHOW").is_some() {
            for site in &sites.sites {
                println!(
                    "  {:?} {} {:?} {} frames",
                    site.kind,
                    site.grows,
                    site.survived,
                    site.stack.len()
                );
            }
            println!("  {:?} {:?}", sites.accounts, report.elapsed);
        }
        adds_up(case.name, sites);
        (case.truth)(&report, sites);
    }
}

fn observed(name: &str) -> Report {
    let launch = Launch {
        program: std::env::current_exe().unwrap(),
        test: name.to_owned(),
        check: Some(format!("{name}#0")),
        own_group: true,
        ..Launch::default()
    };
    let settings = Settings { sites: Record::Always, ..Settings::default() };
    observe(&launch, &settings, &Cancel::never(), &mut |_| {})
}

/// Sites and older blocks sum up to the growth of the counters, except for [`UNEXPLAINED`], and the
/// listed sites sum up to the account.
fn adds_up(name: &str, sites: &Sites) {
    let iterations = sites.iterations as i64;
    // Mappings of the allocator have no site, so mappings are checked only in cases about them.
    for account in sites.accounts.iter().filter(|of| of.kind != SiteKind::Mapping) {
        let known = UNEXPLAINED.iter().find(|known| (known.0, known.1) == (name, account.kind));
        let each = known.map_or(Amount::default(), |known| known.2);
        let rest = Amount { blocks: each.blocks * iterations, bytes: each.bytes * iterations };
        let sum = |of: fn(Amount) -> i64| of(account.sites) + of(account.older) + of(rest);
        let explained = Amount { blocks: sum(|of| of.blocks), bytes: sum(|of| of.bytes) };
        assert_eq!(explained, account.growth, "{name}: {account:?}");
        assert_eq!(account.rest, rest, "{name}: {account:?}");
    }
    let counted: i64 = sites.accounts.iter().map(|account| account.sites.bytes).sum();
    let listed: i64 = sites.sites.iter().map(|site| site.survived.bytes).sum();
    assert_eq!(listed + sites.omitted.survived.bytes, counted, "{name}");
}

/// The account of a kind, which must be recorded and fully explained.
pub(crate) fn account(sites: &Sites, kind: SiteKind) -> &Account {
    let found = sites.accounts.iter().find(|account| account.kind == kind);
    let found = found.unwrap_or_else(|| panic!("no account of {kind:?}: {:?}", sites.accounts));
    assert_eq!(found.rest, Amount::default(), "{found:?}");
    found
}

/// The counters grew by what the same work allocates here, where nothing is recorded: as many steps as
/// before the judged part, then one per iteration.
pub(crate) fn grew_as_here(sites: &Sites, mut step: impl FnMut()) {
    let before = sites.began_after;
    (0..before).for_each(|_| step());
    let start = Snapshot::thread().unwrap();
    (0..sites.iterations).for_each(|_| step());
    let heap = Snapshot::thread().unwrap().since(&start).heap.unwrap();
    let truth = Amount { blocks: heap.live_blocks, bytes: heap.live_bytes };
    assert_eq!(account(sites, SiteKind::RustHeap).growth, truth, "after {before} iterations");
}

/// The only site of a kind that grows.
pub(crate) fn only_growing(sites: &Sites, kind: SiteKind) -> &Site {
    let growing: Vec<_> = sites.sites.iter().filter(|of| of.grows && of.kind == kind).collect();
    let [site] = growing[..] else {
        panic!("{} sites of {kind:?} grow: {growing:?}", growing.len())
    };
    assert!(site.stack.len() > 4, "a stack of {} frames", site.stack.len());
    assert!(site.stack.iter().any(|frame| frame.module.is_some()));
    site
}

/// One site has `blocks` and `bytes` per iteration, and nothing else grew.
pub(crate) fn each_iteration(report: &Report, kind: SiteKind, blocks: i64, bytes: i64) {
    let truth = one_site(report, kind, blocks, bytes);
    let account = account(report.sites.as_ref().unwrap(), kind);
    assert_eq!((account.growth, account.older), (truth, Amount::default()), "{account:?}");
}

/// The only growing site has `blocks` and `bytes` per iteration.
pub(crate) fn one_site(report: &Report, kind: SiteKind, blocks: i64, bytes: i64) -> Amount {
    let sites = report.sites.as_ref().unwrap();
    let iterations = sites.iterations as i64;
    let truth = Amount { blocks: blocks * iterations, bytes: bytes * iterations };
    assert!(iterations > 0 && sites.grew_again, "{sites:?}");
    assert_eq!(only_growing(sites, kind).survived, truth);
    truth
}

//! Observes a body that is recorded, and holds what every recording must keep.

use memcheck::report::{Amount, Report, Site, SiteKind, Sites};
use memcheck::tool::{Cancel, Launch, Record, Settings, observe};
use memcheck::{Check, Options, Workload};

/// A body and its truth.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) iterations: u64,
    pub(crate) body: fn(Workload),
    pub(crate) truth: fn(&Report, &Sites),
}

pub(crate) fn run(cases: &[Case]) {
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
        let sites = report.sites.as_ref().unwrap_or_else(|| panic!("{}: {report:#}", case.name));
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

/// Sites + what is older + rest = growth of the counters, and what is listed is what is counted.
fn adds_up(name: &str, sites: &Sites) {
    for account in &sites.accounts {
        let sum = |of: fn(Amount) -> i64| of(account.sites) + of(account.older) + of(account.rest);
        assert_eq!(sum(|of| of.blocks), account.growth.blocks, "{name}: {account:?}");
        assert_eq!(sum(|of| of.bytes), account.growth.bytes, "{name}: {account:?}");
    }
    let counted: i64 = sites.accounts.iter().map(|account| account.sites.bytes).sum();
    let listed: i64 = sites.sites.iter().map(|site| site.survived.bytes).sum();
    assert_eq!(listed + sites.omitted.survived.bytes, counted, "{name}");
}

/// The account of a kind; nothing of it may be left unexplained.
pub(crate) fn exact(sites: &Sites, kind: SiteKind) {
    let account = sites.accounts.iter().find(|account| account.kind == kind).unwrap();
    assert_eq!(account.rest, Amount::default(), "{account:?}");
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

/// So many blocks and bytes in every iteration, exactly.
pub(crate) fn each_iteration(report: &Report, kind: SiteKind, blocks: i64, bytes: i64) {
    let sites = report.sites.as_ref().unwrap();
    let iterations = sites.iterations as i64;
    let truth = Amount { blocks: blocks * iterations, bytes: bytes * iterations };
    assert!(iterations > 0 && sites.grew_again, "{sites:?}");
    assert_eq!(only_growing(sites, kind).survived, truth);
    exact(sites, kind);
}

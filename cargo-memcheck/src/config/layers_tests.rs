//! Precedence of the layers.

use std::path::Path;
use std::time::Duration;

use memcheck::Bytes;

use super::super::file::parse;
use super::*;

const TEXT: &str = r#"
[profile.default]
time = "1s"
resident = "1 MiB"
fds = 1
jobs = 2

[[profile.default.overrides]]
test = "tests::slow*"
time = "10s"
serial = "slow"

[[profile.default.overrides]]
test = "tests::slow_port"
time = "20s"
fds = 3

[[profile.default.overrides]]
binary = "cache::*"
heap = "8 B"

[profile.ci]
time = "5s"
inconclusive = "warn"

[[profile.ci.overrides]]
test = "tests::slow_port"
fds = 9
"#;

fn layers(profile: &str) -> Layers {
    Layers {
        file: Some(parse(Path::new("m.toml"), TEXT).unwrap()),
        profile: profile.to_owned(),
        ..Layers::default()
    }
}

fn name<'a>(test: &'a str, binary: &'a str) -> TestName<'a> {
    TestName { test, binary: Some(binary) }
}

fn set(settings: &mut RunSettings, name: &str, text: &str) {
    super::super::settings::find(name).unwrap().set(settings, text).unwrap();
}

#[test]
fn the_default_profile_is_below_a_profile() {
    let default = layers("default").below(name("tests::a", "cache"));
    let general = Options::new().time(Duration::from_secs(1)).resident(Bytes(1 << 20)).fds(1u64);
    assert_eq!(default, general);
    let ci = layers("ci").below(name("tests::a", "cache"));
    assert_eq!(ci, general.time(Duration::from_secs(5)));
    assert_eq!(layers("ci").run().jobs.map(|jobs| jobs.get()), Some(2));
    assert!(layers("ci").run().inconclusive.is_some());
    assert!(layers("default").run().inconclusive.is_none());
}

#[test]
fn overrides_win_over_profiles_and_the_first_match_wins() {
    let port = name("tests::slow_port", "cache::it");
    let default = layers("default").below(port);
    assert_eq!(default.time, Some(Duration::from_secs(10)));
    assert_eq!((default.fds, default.heap), (Some(3), Some(Bytes(8))));
    assert_eq!(default.serial.as_deref(), Some("slow"));
    let ci = layers("ci").below(port);
    assert_eq!((ci.time, ci.fds), (Some(Duration::from_secs(10)), Some(9)));
    // An override with a binary does not match a test whose binary is unknown.
    let unknown = TestName { test: "tests::a", binary: None };
    assert_eq!(layers("ci").below(unknown).heap, None);
}

#[test]
fn flags_win_over_the_environment() {
    let mut layers = layers("ci");
    layers.environment.0 = Options::new().fds(4u64).time(Duration::from_secs(7));
    layers.flags.0 = Options::new().fds(5u64);
    set(&mut layers.environment.1, "jobs", "6");
    set(&mut layers.flags.1, "fail-fast", "false");
    // The name of a file, not the opposite of the flag.
    set(&mut layers.flags.1, "report", "false");
    assert_eq!(layers.above(), Options::new().fds(5u64).time(Duration::from_secs(7)));
    let explained = layers.explain(Some(name("tests::slow_port", "cache")));
    let shown: Vec<String> = explained
        .iter()
        .filter(|of| of.origin != Origin::Default)
        .map(|of| format!("{} {} {:?}", of.name, of.value, of.origin))
        .collect();
    assert_eq!(
        shown,
        [
            r#"time 7s Environment { variable: "MEMCHECK_TIME" }"#,
            r#"resident 1 MiB File { path: "m.toml", line: 4, table: "[profile.default]" }"#,
            r#"fds 5 Flag { flag: "--fds" }"#,
            r#"serial slow File { path: "m.toml", line: 11, table: "[[profile.default.overrides]] test = \"tests::slow*\"" }"#,
            r#"jobs 6 Environment { variable: "MEMCHECK_JOBS" }"#,
            r#"fail-fast false Flag { flag: "--no-fail-fast" }"#,
            r#"inconclusive warn File { path: "m.toml", line: 24, table: "[profile.ci]" }"#,
            r#"report false Flag { flag: "--report" }"#,
        ]
    );
}

#[test]
fn without_layers_the_defaults_apply() {
    let layers = Layers { profile: "default".into(), ..Layers::default() };
    assert_eq!(layers.below(name("a", "b")), Options::new());
    let explained = layers.explain(None);
    assert!(explained.iter().all(|of| of.origin == Origin::Default && !of.value.is_empty()));
    // Options of single tests are not shown for all tests.
    let every_test = check_options().filter(|spec| spec.is_for_every_test()).count();
    assert_eq!(explained.len(), every_test + settings().count());
}

#[test]
fn overrides_that_match_no_test_are_found() {
    let layers = layers("default");
    let unused = |binary| {
        let tests = ["tests::slow_port", "tests::a"].map(|test| name(test, binary));
        let unused = layers.unused_overrides(tests.into_iter());
        unused.map(|of| of.unused("m.toml".as_ref())).collect::<Vec<_>>()
    };
    assert_eq!(unused("cache::it"), [""; 0]);
    assert_eq!(
        unused("other"),
        [
            "m.toml:18: no annotated test matches [[profile.default.overrides]] binary = \"cache::*\": \
             fix the pattern, or remove the override"
        ]
    );
    // The name alone is not enough.
    let may_match = |test| layers.overrides().iter().filter(|of| of.may_match(test)).count();
    assert_eq!(may_match(TestName { test: "tests::a", binary: None }), 1);
    assert_eq!(may_match(name("tests::a", "other")), 0);
}

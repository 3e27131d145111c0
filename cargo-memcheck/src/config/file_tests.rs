//! Parsing of the file.

use std::time::Duration;

use memcheck::Bytes;

use super::*;

fn problems(text: &str) -> String {
    match parse(Path::new("m.toml"), text) {
        Err(ConfigError::Problems { problems, .. }) => {
            problems.iter().map(|problem| format!("{problem}\n")).collect()
        }
        other => panic!("no problem: {other:?}"),
    }
}

#[test]
fn every_key_is_read() {
    let files = settings::settings().filter(|setting| setting.default == "no file");
    let files: String = files.map(|setting| format!("{} = \"a/b\"\n", setting.name)).collect();
    let text = r#"
        profile.ci.fail-fast = true
        [profile.default]
        warmup = 1_000
        iterations = 0x10
        time = "1.5s"
        timeout = "1m 30s"
        settle = "5ms"
        heap = 64
        resident = "256 KiB"
        threads = 1
        tasks = 6
        fds = 2
        mappings = 3
        children = 4
        allocations = 5
        bytes = "4 KiB"
        peak = "1 MiB"
        ceiling = "2 GiB"
        jobs = 4
        fail-fast = false
        inconclusive = "warn"
        sites = "always"
        backtrace = "full"
        FILES
        [[profile.default.overrides]]
        test = "tests::a*"
        binary = "cache"
        known_leak = "issue 7"
        serial = "port"
        heap = "1 B"
        [[suppress]]
        function = "openssl::init*"
        reason = " https://example.org/1 "
        "#;
    let file = parse(Path::new("m.toml"), &text.replace("FILES\n", &files)).unwrap();
    let default = &file.profiles["default"];
    let options = &default.values.options;
    for spec in check_options().filter(|spec| spec.is_for_every_test()) {
        assert!(options.get(spec).is_some(), "{}", spec.name);
    }
    for setting in settings::settings() {
        assert!(setting.get(&default.values.run).is_some(), "{}", setting.name);
    }
    assert_eq!((options.warmup, options.iterations), (Some(1000), Some(16)));
    assert_eq!(options.time, Some(Duration::from_millis(1500)));
    assert_eq!((options.heap, options.resident), (Some(Bytes(64)), Some(Bytes(256 << 10))));
    let one = &default.overrides[0].values;
    assert_eq!(one.options.known_leak.as_deref(), Some("issue 7"));
    assert_eq!(one.title, r#"[[profile.default.overrides]] test = "tests::a*", binary = "cache""#);
    assert_eq!(file.profiles["ci"].values.run.fail_fast, Some(true));
    assert_eq!(file.suppressions[0].reason, "https://example.org/1");
    assert_eq!(file.suppressions[0].line, 31 + files.lines().count());
}

#[test]
fn an_empty_file_has_the_default_profile() {
    let file = parse(Path::new("m.toml"), "").unwrap();
    assert_eq!(file.profiles.keys().collect::<Vec<_>>(), ["default"]);
}

#[test]
fn unknown_keys_are_reported_with_a_similar_one() {
    insta::assert_snapshot!(problems(r#"
profiles = 1
[profile.default]
resident_limit = "1 MiB"
fail_fast = true
colour = "red"
[[profile.ci.overrides]]
tests = "a*"
rss = "1 MiB"
[[suppress]]
functions = "a"
reason = "b"
"#), @"
    2:1: unknown key `profiles` in the file; did you mean `profile`?
    4:1: unknown key `resident_limit` in [profile.default]; did you mean `resident`?
    5:1: unknown key `fail_fast` in [profile.default]; did you mean `fail-fast`?
    6:1: unknown key `colour` in [profile.default]
    7:1: [[profile.ci.overrides]] selects no tests: add `test = \"tests::slow*\"`, or `binary`
    8:1: unknown key `tests` in [[profile.ci.overrides]]; did you mean `test`?
    9:1: unknown key `rss` in [[profile.ci.overrides]]; did you mean `resident`?
    10:1: [[suppress]] has no `function`: add `function = \"…\"`, a pattern that matches function names
    11:1: unknown key `functions` in [[suppress]]; did you mean `function`?
    ");
}

#[test]
fn wrong_values_are_reported_with_the_expected_ones() {
    insta::assert_snapshot!(problems(r#"
[profile.default]
warmup = "3"
iterations = 0
time = 2
timeout = "0s"
heap = -1
resident = "much"
fds = 1.5
jobs = 0
fail-fast = "yes"
inconclusive = "ignore"
known_leak = "all of them"
[[profile.default.overrides]]
test = ""
jobs = 2
serial = "a,b"
"#), @r#"
    3:10: `warmup`: expected a whole number, for example 16, not a string
    4:14: `iterations`: must be at least 1
    5:8: `time`: missing unit after 2; write "2s" for seconds, or use ns, us, ms, m, h, d or w
    6:11: `timeout`: must be longer than zero, for example "2s"
    7:8: `heap`: must not be negative
    8:12: `resident`: expected a size: a number and a unit, for example "64 B", "256 KiB" or "1.5 MiB"
    9:7: `fds`: expected a whole number, for example 16, not a float
    10:8: `jobs`: expected a whole number of at least 1, for example 4
    11:13: `fail-fast`: expected true or false
    12:16: `inconclusive`: expected "fail" or "warn"
    13:1: `known_leak` is an option of single tests: move it to [[profile.default.overrides]]
    15:8: `test`: expected a pattern that matches names, for example "tests::slow*"
    16:1: `jobs` is a setting of the whole run: move it to the table of the profile
    17:10: `serial`: a group name cannot contain commas, quotes or control characters
    "#);
}

#[test]
fn a_suppression_needs_a_reason_and_a_function() {
    insta::assert_snapshot!(problems(r#"
[[suppress]]
function = "a*"
[[suppress]]
function = "*"
reason = " "
"#), @"
    2:1: [[suppress]] has no `reason`: add `reason = \"…\"`, a link or a text
    5:12: `function` matches every function, so it would hide every leak
    6:10: `reason` is empty: write why, as a link or a text
    ");
}

#[test]
fn values_that_should_be_tables_are_reported() {
    insta::assert_snapshot!(problems("profile = 1\n"), @"1:11: profile must be a table, not an integer");
    insta::assert_snapshot!(problems("[suppress]\nfunction = \"a\"\n"), @"1:1: write [[suppress]] with double brackets");
    insta::assert_snapshot!(problems("[profile]\ndefault = \"fast\"\n"), @"2:11: [profile.default] must be a table, not a string");
}

#[test]
fn invalid_toml_is_reported_with_its_position() {
    let text = problems("[profile.default]\ntime = 2s\n");
    assert!(text.starts_with("2:8: "), "{text}");
    let twice = problems("[profile.default]\nfds = 1\nfds = 2\n");
    assert!(twice.starts_with("3:1: "), "{twice}");
}

#[test]
fn keys_outside_a_profile_are_reported() {
    insta::assert_snapshot!(problems("time = \"5s\"\njobs = 2\n"), @"
    1:1: `time` must be in a profile: move it below [profile.default]
    2:1: `jobs` must be in a profile: move it below [profile.default]
    ");
}

#[test]
fn an_override_needs_an_option() {
    insta::assert_snapshot!(problems("[[profile.default.overrides]]\ntest = \"a*\"\n"), @r#"1:1: [[profile.default.overrides]] has no options: add one, for example `time = "20s"`"#);
}

#[test]
fn the_keys_are_listed_for_an_unknown_key() {
    let help = |text| parse(Path::new("m.toml"), text).unwrap_err().help();
    assert_eq!(help("[profile.default\n"), None);
    assert_eq!(help("[profile.default]\ntime = 2\n"), None);
    assert!(help("[profile.default]\ncolour = 2\n").unwrap().contains("`cargo memcheck config`"));
}

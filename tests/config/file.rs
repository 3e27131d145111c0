//! The configuration: who outranks whom, shown with real tests; what is wrong in it is told in full;
//! `cargo memcheck config` says what holds.

use std::collections::BTreeMap;

use crate::support::{Output, Project, root, run};
use serde_json::Value;

const FILE: &str = r#"
[profile.default]
warmup = 5
iterations = 100
fds = 1
threads = 1
inconclusive = "warn"

[[profile.default.overrides]]
test = "tests::slow*"
iterations = 200

[[profile.default.overrides]]
binary = "another"
iterations = 300

[profile.ci]
warmup = 6
jobs = 2

[[suppress]]
function = "openssl::init*"
reason = "https://github.com/sfackler/rust-openssl/issues/1"
"#;

/// The options of each test's report.
fn options(output: &Output) -> BTreeMap<String, Value> {
    let lines = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["reason"] == "memcheck-report")
        .map(|line| {
            let name = line["report"]["test"]["name"].as_str().unwrap().to_owned();
            (name, line["report"]["options"].clone())
        })
        .collect()
}

fn with_variables(project: &Project, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = project.memcheck_command(arguments);
    command.envs(variables.iter().copied());
    run(&mut command)
}

#[test]
fn each_outranks_the_one_below() {
    let project = Project::new("layers").file(".config/memcheck.toml", FILE).file(
        "src/lib.rs",
        r#"
        #[cfg(test)]
        mod tests {
            use memcheck::memcheck;

            #[memcheck]
            fn says_nothing() {}

            #[memcheck(warmup = 3, threads = 2, fds = 2)]
            fn says_much() {}

            #[memcheck]
            fn slow_one() {}
        }
        "#,
    );
    // The file, its override, and the attribute above them.
    let plain = options(&project.memcheck(&["--message-format", "json"]).code(0));
    let of = |test: &str, name: &str| plain[&format!("tests::{test}")][name].as_u64();
    assert_eq!(
        [of("says_nothing", "warmup"), of("says_nothing", "iterations")],
        [Some(5), Some(100)]
    );
    assert_eq!([of("slow_one", "warmup"), of("slow_one", "iterations")], [Some(5), Some(200)]);
    assert_eq!([of("says_much", "warmup"), of("says_much", "fds")], [Some(3), Some(2)]);
    assert_eq!([of("says_much", "iterations"), of("says_much", "threads")], [Some(100), Some(2)]);

    // A profile, the environment, and the flags on top.
    let all = options(
        &with_variables(
            &project,
            &[("MEMCHECK_FDS", "8"), ("MEMCHECK_THREADS", "8"), ("MEMCHECK_PROFILE", "none")],
            &["--profile", "ci", "--message-format", "json", "--fds", "9"],
        )
        .code(0),
    );
    let of = |test: &str, name: &str| all[&format!("tests::{test}")][name].as_u64();
    for test in ["says_nothing", "says_much"] {
        assert_eq!([of(test, "fds"), of(test, "threads")], [Some(9), Some(8)], "{test}");
    }
    assert_eq!([of("says_nothing", "warmup"), of("says_much", "warmup")], [Some(6), Some(3)]);
    assert_eq!(of("slow_one", "iterations"), Some(200));
}

#[test]
fn the_environment_holds_under_cargo_test_too() {
    let project = Project::new("variables").file(
        "src/lib.rs",
        r#"
        #[cfg(test)]
        #[memcheck::memcheck(iterations = 100)]
        fn allocates() {
            drop(std::hint::black_box(Box::new(1u8)));
        }
        "#,
    );
    let test = |variables: &[(&str, &str)]| {
        let mut command = project.cargo("test", &["--lib", "--", "--nocapture"]);
        command.envs(variables.iter().copied());
        run(&mut command)
    };
    test(&[]).code(0);
    let limited = test(&[("MEMCHECK_ALLOCATIONS", "0")]).code(101);
    assert!(limited.stdout.contains("LIMIT"), "{}", limited.stdout);
    // Seen also where libtest captures what a test that passes prints.
    let unknown = {
        let mut command = project.cargo("test", &["--lib"]);
        run(command.env("MEMCHECK_ALLOCATION", "0")).code(0)
    };
    let aloud = "memcheck: warning: the environment variable MEMCHECK_ALLOCATION means nothing";
    assert_eq!(unknown.stderr.matches(aloud).count(), 1, "{}", unknown.stderr);
    let unknown = test(&[("MEMCHECK_ALLOCATION", "0")]).code(0);
    let warning = "warning[unknown-variable]: the environment variable MEMCHECK_ALLOCATION means \
                   nothing to memcheck; did you mean MEMCHECK_ALLOCATIONS?";
    assert!(unknown.stdout.contains(warning), "{}", unknown.stdout);
    let bad = test(&[("MEMCHECK_TIME", "2")]).code(101);
    assert!(bad.stdout.contains("BROKEN"), "{}", bad.stdout);
    let message = "the environment variable MEMCHECK_TIME=\"2\" cannot be used: write a number";
    assert!(bad.stdout.contains(message), "{}", bad.stdout);

    // And in the tool.
    let limited = with_variables(&project, &[("MEMCHECK_ALLOCATIONS", "0")], &[]).code(100);
    assert!(limited.stdout.contains("LIMIT"), "{}", limited.stdout);
    let output =
        with_variables(&project, &[("MEMCHECK_RSS", "1"), ("MEMCHECK_HEAP", "")], &[]).code(0);
    let warning = "warning: the environment variable MEMCHECK_RSS means nothing to memcheck; did \
                   you mean MEMCHECK_RESIDENT?";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
    insta::assert_snapshot!(with_variables(&project, &[("MEMCHECK_TIME", "2")], &[]).code(2).error(), @r#"
    error: the environment variable MEMCHECK_TIME="2" cannot be used: write a number and a unit, for example "500ms", "2s" or "1m 30s"
      help: mend it, or `unset MEMCHECK_TIME`
    "#);
}

#[test]
fn what_holds_is_told_without_building() {
    let project = Project::new("told")
        .without_library()
        .file("src/lib.rs", "this is no Rust")
        .file(".config/memcheck.toml", FILE)
        .file("deep/er/nothing", "");
    insta::assert_snapshot!("all", project.memcheck(&["config", "--profile", "ci"]).code(0).stdout);
    insta::assert_snapshot!(
        "one_test",
        with_variables(
            &project,
            &[("MEMCHECK_RESIDENT", "1 MiB"), ("MEMCHECK_JOBS", "3")],
            &["config", "tests::slow_1", "--binary", "another", "--fail-fast", "--time", "5s"],
        )
        .code(0)
        .stdout
    );
    let json = project.memcheck(&["config", "--message-format", "json"]).code(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["version"], &json["profile"]), (&1.into(), &"default".into()));
    let warmup = &json["settings"][0];
    assert_eq!((&warmup["name"], &warmup["value"]), (&"warmup".into(), &"5".into()));
    assert_eq!(warmup["source"]["line"], 3);
    assert_eq!(json["overrides"][0]["settings"][0]["value"], "200");
    assert_eq!(json["suppressions"][0]["function"], "openssl::init*");

    // From a folder below, and where there is no file.
    let mut below = project.memcheck_command(&["config", "--message-format", "short"]);
    below.current_dir(project.path().join("deep/er"));
    assert!(run(&mut below).code(0).stdout.contains("warmup = 5 ("));
    let none = Project::new("untold").without_library();
    let short = none.memcheck(&["config", "--message-format", "short"]).code(0).stdout;
    assert!(short.lines().all(|line| line.ends_with("(default)")), "{short}");
}

#[test]
fn files_are_named_relative_to_the_workspace() {
    let test = "#[cfg(test)]\n#[memcheck::memcheck(iterations = 100)]\nfn passes() {}\n";
    let project = Project::new("results")
        .file("src/lib.rs", test)
        .file(
            ".config/memcheck.toml",
            "[profile.default]\nbacktrace = \"full\"\n\n[profile.ci]\nreport = \"of/run.json\"\njunit = \"of/junit.xml\"\n",
        )
        .file("deep/er/nothing", "");
    let there = |path: &str| project.path().join(path).exists();
    // Refused as the flag is: before anything is built; it is said who named it.
    project.write("of", "");
    let refused = project.memcheck(&["--profile", "ci"]).code(2);
    assert!(!refused.stderr.contains("Compiling"), "{}", refused.stderr);
    let refused = refused.error();
    assert!(refused.contains("of/run.json` (.config/memcheck.toml:5) cannot be"), "{refused}");
    std::fs::remove_file(project.path().join("of")).unwrap();

    // Folders that are not there are made. The file's are below the root of the workspace, the
    // flag's and the variable's below the current folder.
    let mut below = project.memcheck_command(&["-P", "ci", "--junit", "made/j.xml"]);
    below.current_dir(project.path().join("deep/er")).env("MEMCHECK_MARKDOWN", "m.md");
    run(&mut below).code(0);
    assert!(there("of/run.json") && there("deep/er/made/j.xml") && there("deep/er/m.md"));
    assert!(!there("of/junit.xml") && !there("deep/er/of"));

    let told =
        project.memcheck(&["config", "-P", "ci", "--message-format", "short", "--markdown=x"]);
    let told = told.code(0).stdout;
    for line in [
        "backtrace = full (.config/memcheck.toml:2 [profile.default])",
        "junit = of/junit.xml (.config/memcheck.toml:6 [profile.ci])",
        "markdown = x (flag --markdown)",
    ] {
        assert!(told.lines().any(|told| told == line), "no {line:?}:\n{told}");
    }
    project.write(".config/memcheck.toml", "[profile.default]\njunit = 7\nbacktrace = \"long\"\n");
    let error = project.memcheck(&["config"]).code(2).error();
    for problem in ["`junit`: write the path of a file", "`backtrace`: write \"short\" or \"full\""]
    {
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn overrides_that_hold_for_no_test_are_told() {
    let project = Project::new("overrides")
        .file(
            "src/lib.rs",
            "#[cfg(test)]\n#[memcheck::memcheck(iterations = 100)]\nfn passes() {}\n",
        )
        .file(
            ".config/memcheck.toml",
            "[[profile.default.overrides]]\ntest = \"gone\"\nfds = 1\n\
             [[profile.default.overrides]]\nbinary = \"overrides\"\nfds = 7\n",
        );
    let warnings = |arguments: &[&str]| {
        let stderr = project.memcheck(arguments).code(0).stderr;
        let warnings = stderr.lines().filter(|line| line.starts_with("warning"));
        warnings.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        warnings(&[]),
        ["warning: .config/memcheck.toml:1: no annotated test fits [[profile.default.overrides]] \
          test = \"gone\": mend the pattern, or remove it"]
    );
    // They may be for what was not asked for.
    assert!(warnings(&["--lib"]).is_empty());

    // What a test without its binary cannot tell is not left out in silence.
    let told = |arguments: &[&str]| {
        project.memcheck(&[&["config", "passes"], arguments].concat()).code(0).stdout
    };
    let undecided = "which of these hold depends on the binary: name it with --binary\n\
                     override binary = \"overrides\"\n";
    assert!(told(&[]).contains(undecided), "{}", told(&[]));
    let decided = told(&["--binary", "overrides"]);
    assert!(!decided.contains("name it with --binary") && decided.contains("7"), "{decided}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let project = Project::new("mistakes").without_library();
    let error = |text: &[u8], arguments: &[&str]| {
        project.write(".config/memcheck.toml", text);
        project.memcheck(arguments).code(2).error()
    };
    // Before anything is built.
    insta::assert_snapshot!(error(b"[profile.default]\nresident_limit = \"1 MiB\"\ntime = 2\n", &[]), @r#"
    error: the configuration cannot be used:
      .config/memcheck.toml:2:1: unknown key `resident_limit` in [profile.default]; did you mean `resident`?
      .config/memcheck.toml:3:8: `time`: write a number and a unit, for example "500ms", "2s" or "1m 30s", not an integer
      help: the keys are the options of the attribute and `jobs`, `fail-fast`, `inconclusive`, `sites`, `backtrace`, `report`, `junit`, `markdown`, as `cargo memcheck config` lists them
    "#);
    insta::assert_snapshot!(error(b"[[suppress]]\nfunction = \"a\"\n", &["config"]), @r#"
    error: the configuration cannot be used:
      .config/memcheck.toml:1:1: [[suppress]] has no `reason`: add `reason = "…"`, a link or a text
    "#);
    insta::assert_snapshot!(error(b"# \xff\n", &["config"]), @"
    error: the configuration `.config/memcheck.toml` is no text: invalid UTF-8 in line 1
      help: save it as UTF-8
    ");
    insta::assert_snapshot!(error(b"[profile.nightly]\n", &["config", "-P", "nigthly"]), @"
    error: there is no profile `nigthly` in `.config/memcheck.toml`
      help: did you mean `nightly`?
    ");
    insta::assert_snapshot!(error(b"[profile.nightly]\n", &["--profile", "release"]), @"
    error: there is no profile `release` in `.config/memcheck.toml`
      help: there are `default`, `nightly`; write a table [profile.release], or use --cargo-profile for a profile of cargo's
    ");
    insta::assert_snapshot!(error(b"", &["config", "--config-file", "gone.toml"]), @"
    error: the configuration `gone.toml` cannot be read: No such file or directory (os error 2)
      help: give --config-file (or MEMCHECK_CONFIG_FILE) the path of a readable file
    ");
    insta::assert_snapshot!(error(b"", &["config", "--config-file", "src"]), @"
    error: the configuration `src` cannot be read: Is a directory (os error 21)
      help: give --config-file (or MEMCHECK_CONFIG_FILE) the path of a readable file
    ");
    let named = with_variables(&project, &[("MEMCHECK_CONFIG_FILE", "gone.toml")], &["config"]);
    insta::assert_snapshot!(named.code(2).error(), @"
    error: the configuration `gone.toml` cannot be read: No such file or directory (os error 2)
      help: give --config-file (or MEMCHECK_CONFIG_FILE) the path of a readable file
    ");
}

/// docs/src/reference/configuration.md names every key, with its variable where there is one.
#[test]
fn the_page_of_the_configuration_is_complete() {
    let page = std::fs::read_to_string(root().join("docs/src/reference/configuration.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for row in memcheck::tool::OPTION_TABLE {
        let start = match row.per_test {
            true => format!("| `{}` | – |", row.name),
            false => format!("| `{}` | `{}` |", row.name, row.variable()),
        };
        assert!(rows.iter().any(|line| line.starts_with(&start)), "no row {start}");
    }
    let of_runs =
        ["jobs", "fail-fast", "inconclusive", "sites", "backtrace", "report", "junit", "markdown"];
    for run in of_runs {
        let variable = format!("MEMCHECK_{}", run.to_uppercase().replace('-', "_"));
        let start = format!("| `{run}` | `{variable}` |");
        assert!(rows.iter().any(|line| line.starts_with(&start)), "no row {start}");
    }
    let keys = ["test", "binary", "function", "reason", "overrides"];
    assert_eq!(rows.len(), memcheck::tool::OPTION_TABLE.len() + of_runs.len() + keys.len());
    for key in keys {
        assert!(rows.iter().any(|line| line.starts_with(&format!("| `{key}` | – |"))), "{key}");
    }
    // What the page shows is a file that can be used.
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let project = Project::new("page").without_library().file(".config/memcheck.toml", example);
    project.memcheck(&["config", "--profile", "ci"]).code(0);
}

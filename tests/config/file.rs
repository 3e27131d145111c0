//! The configuration file: mistakes in it, paths in it, and `cargo memcheck config`, which shows the
//! effective settings.

use super::{FILE, with_variables};
use crate::support::{Project, run};
use serde_json::Value;

#[test]
fn the_config_command_shows_effective_settings_without_building() {
    let project = Project::new("shown-settings")
        .without_library()
        .file("src/lib.rs", "not Rust code")
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

    // From a folder below, and without a file.
    let mut below = project.memcheck_command(&["config", "--message-format", "short"]);
    below.current_dir(project.path().join("deep/er"));
    assert!(run(&mut below).code(0).stdout.contains("warmup = 5 ("));
    let none = Project::new("default-settings").without_library();
    let short = none.memcheck(&["config", "--message-format", "short"]).code(0).stdout;
    assert!(short.lines().all(|line| line.ends_with("(default)")), "{short}");
}

#[test]
fn output_paths_in_the_file_are_relative_to_the_workspace() {
    let test = "#[cfg(test)]\n#[memcheck::memcheck(iterations = 100)]\nfn passes() {}\n";
    let project = Project::new("results")
        .file("src/lib.rs", test)
        .file(
            ".config/memcheck.toml",
            "[profile.default]\nbacktrace = \"full\"\n\n[profile.ci]\nreport = \"of/run.json\"\njunit = \"of/junit.xml\"\n",
        )
        .file("deep/er/nothing", "");
    let there = |path: &str| project.path().join(path).exists();
    // An invalid path is rejected before the build, with its source, as for a flag.
    project.write("of", "");
    let refused = project.memcheck(&["--profile", "ci"]).code(2);
    assert!(!refused.stderr.contains("Compiling"), "{}", refused.stderr);
    let refused = refused.error();
    assert!(refused.contains("of/run.json` (.config/memcheck.toml:5): `"), "{refused}");
    std::fs::remove_file(project.path().join("of")).unwrap();

    // Missing folders are created. Paths of the file are relative to the root of the workspace, paths
    // of a flag or variable to the current folder.
    let mut below = project.memcheck_command(&["-P", "ci", "--junit", "made/j.xml"]);
    below.current_dir(project.path().join("deep/er")).env("MEMCHECK_MARKDOWN", "m.md");
    run(&mut below).code(0);
    assert!(there("of/run.json") && there("deep/er/made/j.xml") && there("deep/er/m.md"));
    assert!(!there("of/junit.xml") && !there("deep/er/of"));

    let settings =
        project.memcheck(&["config", "-P", "ci", "--message-format", "short", "--markdown=x"]);
    let settings = settings.code(0).stdout;
    for line in [
        "backtrace = full (.config/memcheck.toml:2 [profile.default])",
        "junit = of/junit.xml (.config/memcheck.toml:6 [profile.ci])",
        "markdown = x (flag --markdown)",
    ] {
        assert!(settings.lines().any(|shown| shown == line), "no {line:?}:\n{settings}");
    }
    project.write(".config/memcheck.toml", "[profile.default]\njunit = 7\nbacktrace = \"long\"\n");
    let error = project.memcheck(&["config"]).code(2).error();
    for problem in ["`junit`: expected the path", "`backtrace`: expected \"short\" or \"full\""] {
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn an_override_that_matches_no_test_is_warned_about() {
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
        [
            "warning: .config/memcheck.toml:1: no annotated test matches [[profile.default.overrides]] \
          test = \"gone\": fix the pattern, or remove the override"
        ]
    );
    // They may match tests that were not selected.
    assert!(warnings(&["--lib"]).is_empty());

    // Without a binary an override by binary may or may not apply, which is shown.
    let settings = |arguments: &[&str]| {
        project.memcheck(&[&["config", "passes"], arguments].concat()).code(0).stdout
    };
    let undecided = "the overrides below may apply, depending on the binary: set --binary to see\n\
                     override binary = \"overrides\"\n";
    assert!(settings(&[]).contains(undecided), "{}", settings(&[]));
    let decided = settings(&["--binary", "overrides"]);
    assert!(!decided.contains("set --binary") && decided.contains("7"), "{decided}");
}

#[test]
fn mistakes_in_the_file_are_reported_with_line_and_column() {
    let project = Project::new("mistakes").without_library();
    let error = |text: &[u8], arguments: &[&str]| {
        project.write(".config/memcheck.toml", text);
        project.memcheck(arguments).code(2).error()
    };
    // All of these before the build.
    insta::assert_snapshot!(error(b"[profile.default]\nresident_limit = \"1 MiB\"\ntime = 2\n", &[]), @r#"
    error: the configuration has errors:
      .config/memcheck.toml:2:1: unknown key `resident_limit` in [profile.default]; did you mean `resident`?
      .config/memcheck.toml:3:8: `time`: missing unit after 2; write "2s" for seconds, or use ns, us, ms, m, h, d or w
      help: the keys are the options of the attribute and `jobs`, `fail-fast`, `inconclusive`, `sites`, `backtrace`, `report`, `junit`, `markdown`; `cargo memcheck config` lists them
    "#);
    insta::assert_snapshot!(error(b"[[suppress]]\nfunction = \"a\"\n", &["config"]), @r#"
    error: the configuration has errors:
      .config/memcheck.toml:1:1: [[suppress]] has no `reason`: add `reason = "…"`, a link or a text
    "#);
    insta::assert_snapshot!(error(b"# \xff\n", &["config"]), @"
    error: the configuration `.config/memcheck.toml` is not valid UTF-8: line 1
      help: save the file as UTF-8
    ");
    insta::assert_snapshot!(error(b"[profile.nightly]\n", &["config", "-P", "nigthly"]), @"
    error: there is no profile `nigthly` in `.config/memcheck.toml`
      help: did you mean `nightly`?
    ");
    insta::assert_snapshot!(error(b"[profile.nightly]\n", &["--profile", "release"]), @"
    error: there is no profile `release` in `.config/memcheck.toml`
      help: the profiles are `default`, `nightly`; add a table [profile.release], or use --cargo-profile for a cargo profile
    ");
    insta::assert_snapshot!(error(b"", &["config", "--config-file", "gone.toml"]), @"
    error: cannot read the configuration `gone.toml`: No such file or directory (os error 2)
      help: set --config-file (or MEMCHECK_CONFIG_FILE) to the path of a readable file
    ");
    insta::assert_snapshot!(error(b"", &["config", "--config-file", "src"]), @"
    error: cannot read the configuration `src`: Is a directory (os error 21)
      help: set --config-file (or MEMCHECK_CONFIG_FILE) to the path of a readable file
    ");
    let named = with_variables(&project, &[("MEMCHECK_CONFIG_FILE", "gone.toml")], &["config"]);
    insta::assert_snapshot!(named.code(2).error(), @"
    error: cannot read the configuration `gone.toml`: No such file or directory (os error 2)
      help: set --config-file (or MEMCHECK_CONFIG_FILE) to the path of a readable file
    ");
}

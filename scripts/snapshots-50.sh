#!/usr/bin/env bash
# Checks that a snapshot is the same every time: the tests of tests/fixtures/snapshot_forms/forms.rs are
# accepted once and then run many times under each runner, in debug and in release.
#
#   scripts/snapshots-50.sh [RUNS] [FOLDER]
#
# RUNS is 50 by default, FOLDER a temporary one. Each runner gets `CI=1`, so a difference fails the run
# and nothing is written. Prints how many runs passed, by runner and profile, and in how many a snapshot
# differed (a run that did not pass may also be UNSURE). Keeps the output of failed runs in FOLDER. Exits
# 1 if a run failed. PROFILES=debug skips the release build; TOOL is a cargo-memcheck that is built
# already. It takes an hour on two cores that have other work.
set -euo pipefail
runs=${1:-50}; work=${2:-$(mktemp -d)}
here=$(realpath "$(dirname "$0")/..")
tool=${TOOL:-$here/target/debug/cargo-memcheck}
[ -n "${TOOL:-}" ] || cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
mkdir -p "$work"; work=$(realpath "$work")
export CARGO_TARGET_DIR=$work/target
unset MEMCHECK_REPORT_DIR INSTA_UPDATE INSTA_FORCE_PASS
profiles=${PROFILES:-debug release}
for profile in $profiles; do
  # A crate for each, because a release build may allocate less.
  crate=$work/$profile
  rm -rf "$crate"; mkdir -p "$crate/src"
  cp "$here/tests/fixtures/snapshot_forms/forms.rs" "$crate/src/lib.rs"
  cp "$here/Cargo.lock" "$crate/"
  cat > "$crate/Cargo.toml" <<TOML
[package]
name = "forms"
version = "0.1.0"
edition = "2024"

[workspace]

[dev-dependencies]
memcheck-lib = { path = "$here/memcheck-lib", features = ["insta", "tokio"] }
tokio = { version = "1.40", features = ["macros", "rt-multi-thread", "sync"] }
TOML
  cd "$crate"
  flag=''; [ "$profile" = release ] && flag=--release
  # The first run of each writes, as `cargo insta test --accept` does.
  INSTA_UPDATE=always "$tool" memcheck $flag > "$work/$profile-accepted" 2>&1
  for runner in 'cargo test' 'cargo nextest' 'cargo memcheck' 'cargo memcheck -j 8' 'cargo memcheck --sites'; do
    case $runner in
      'cargo test') command=(cargo test --quiet --lib $flag) ;;
      'cargo nextest') command=(cargo nextest run $flag) ;;
      'cargo memcheck') command=("$tool" memcheck $flag) ;;
      'cargo memcheck -j 8') command=("$tool" memcheck -j 8 $flag) ;;
      *) command=("$tool" memcheck --sites=always $flag) ;;
    esac
    if [ "$runner" = 'cargo nextest' ] && ! command -v cargo-nextest > /dev/null; then
      printf '%-8s %-24s not installed\n' "$profile" "$runner"
      continue
    fi
    passed=0 differed=0
    for run in $(seq "$runs"); do
      if CI=1 "${command[@]}" > "$work/last" 2>&1; then
        passed=$((passed + 1))
      else
        failed=1
        grep -q "memory profile differs from the snapshot" "$work/last" && differed=$((differed + 1))
        cp "$work/last" "$work/$profile-${runner//[^a-z0-9]/-}-$run"
      fi
    done
    printf '%-8s %-24s %s of %s passed, in %s a snapshot differed\n' "$profile" "$runner" "$passed" "$runs" "$differed"
  done
done
# Where the counts agree, the files do.
if [ -d "$work/debug" ] && [ -d "$work/release" ]; then
  differing=$(diff -rq "$work/debug/src/snapshots" "$work/release/src/snapshots" | wc -l)
  printf '%s of %s snapshots differ between debug and release\n' "$differing" "$(find "$work/debug/src/snapshots" -type f | wc -l)"
fi
exit "${failed:-0}"

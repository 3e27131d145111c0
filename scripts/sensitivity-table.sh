#!/usr/bin/env bash
# The status by the cost of an iteration and the rarity of its leak, on an idle machine and with 4 busy
# loops. Prints a table in Markdown (docs/src/evidence/sensitivity.md has one).
#
#   scripts/sensitivity-table.sh [RUNS]
#
# A cell must be LEAK, UNSURE, or PASS where the leak is rarer than the sensitivity that
# `cargo memcheck -v` states for the run. Any other PASS is an undetected leak: the script marks it and
# exits 1.
set -euo pipefail
runs=${1:-1}
here=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
loops=()
trap 'kill "${loops[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

costs='1:1_µs 100:100_µs 1000:1_ms 10000:10_ms 100000:100_ms'
leaks='1 10 100 1000'

mkdir -p "$work/src"
cp "$here/Cargo.lock" "$work"
cat > "$work/Cargo.toml" <<TOML
[package]
name = "sensitivity"
version = "0.1.0"
edition = "2024"

[workspace]

[dev-dependencies]
libc = "0.2"
memcheck-lib = { path = "$here/memcheck-lib" }
TOML
{
  cat <<'RUST'
#![cfg(test)]
use memcheck::{Workload, memcheck};

/// CPU time of this thread, in microseconds: with busy loops, the clock would count waiting as work.
fn cpu() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}

/// Works so long; in one of `every` iterations a block of 64 bytes survives.
fn leaks_one_in(workload: Workload, every: u64, microseconds: u64) {
    let mut iteration = 0u64;
    workload.iterate(|| {
        iteration += 1;
        if iteration % every == 0 {
            std::mem::forget(std::hint::black_box(Box::new([0u8; 64])));
        }
        let begin = cpu();
        while cpu() - begin < microseconds {}
    });
}
RUST
  for cost in $costs; do
    for leak in $leaks; do
      us=${cost%%:*}
      echo "#[memcheck(timeout = \"120s\")] fn c${us}_l${leak}(workload: Workload) { leaks_one_in(workload, $leak, $us) }"
    done
  done
} > "$work/src/lib.rs"

cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
tool=$here/target/debug/cargo-memcheck
export CARGO_TARGET_DIR=${SENSITIVITY_TARGET:-$here/target/sensitivity}
cd "$work"
"$tool" memcheck --no-run 2> "$work/stderr" || { cat "$work/stderr" >&2; exit 1; }

measure() { # NAME
  for run in $(seq "$runs"); do
    "$tool" memcheck -j 1 -v > "$work/$1.$run" 2> "$work/stderr" || [ $? = 100 ] || { cat "$work/stderr" >&2; exit 1; }
  done
}

# The word of a cell and, for a PASS, what the run would have seen: `PASS (1 in 4)`.
cell() { # NAME COST LEAK
  for run in $(seq "$runs"); do
    awk -v test="c$2_l$3" -v every="$3" '
      found && /would have seen/ {
        seen = 0
        if (match($0, /1 block per [0-9,]+ iterations/)) {
          seen = substr($0, RSTART + 12, RLENGTH - 12); gsub(/[^0-9]/, "", seen)
        } else if (/1 block per iteration/) seen = 1
        exit
      }
      $0 ~ " " test " " { word = $1; found = 1 }
      END {
        if (word == "PASS") print "PASS, sees 1 in " seen (every > seen + 0 ? "" : " **WRONG**")
        else if (word == "LEAK" || word == "UNSURE") print word
        else print word " **WRONG**"
      }' "$work/$1.$run"
  done | sort | uniq -c | awk -v runs="$runs" '
      { count = $1; sub(/^ *[0-9]+ /, ""); text = text (text == "" ? "" : "; ") (runs > 1 ? count " " : "") $0 }
      END { print text }'
}

measure idle
for _ in 1 2 3 4; do
  # shellcheck disable=SC2217
  bash -c 'while :; do :; done' & loops+=($!)
done
measure busy
kill "${loops[@]}"; wait "${loops[@]}" 2>/dev/null || true; loops=()

{
  echo '| an iteration costs | other load | every iteration | 1 in 10 | 1 in 100 | 1 in 1,000 |'
  echo '|---|---|---|---|---|---|'
  for cost in $costs; do
    for machine in idle busy; do
      row="| ${cost#*:} | $([ $machine = idle ] && echo nothing || echo '4 busy loops') |"
      for leak in $leaks; do row+=" $(cell $machine "${cost%%:*}" "$leak") |"; done
      echo "${row//_/ }"
    done
  done
} | tee "$work/table"
! grep -q WRONG "$work/table"

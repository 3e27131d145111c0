#!/usr/bin/env bash
# What recording costs: CPU time of an iteration that is recorded over that of one that is not, in
# the same process, for a body on JSON (scripts/recording-cost), in debug and release.
#
#   scripts/recording-cost.sh [RUNS]
#
# Prints for each body and profile the median over RUNS (default 5) of: CPU time before, while
# recorded, and their ratio, by the sums over all iterations (rules worked out for the first time included).
set -euo pipefail
runs=${1:-5}
here=$(realpath "$(dirname "$0")/..")
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RECORDING_COST_FILE=$work/times
echo "| profile | body | before | recorded | ratio | least to greatest |"
echo "|---|---|---|---|---|---|"
for profile in dev release; do
  for body in one_thread two_threads; do
    for run in $(seq "$runs"); do
      "$CARGO_TARGET_DIR/debug/cargo-memcheck" memcheck --manifest-path "$here/scripts/recording-cost/Cargo.toml" \
        --target-dir "$CARGO_TARGET_DIR/recording-cost" --cargo-profile "$profile" --sites always \
        --report "$work/report.$run" "$body" > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
      cp "$RECORDING_COST_FILE" "$work/times.$run"
    done
    python3 - "$work" "$runs" "$profile" "$body" <<'PYTHON'
import json, statistics, struct, sys
work, runs, profile, body = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
before, recorded, ratios = [], [], []
for run in range(1, runs + 1):
    report = json.load(open(f"{work}/report.{run}"))
    tests = report["tests"]
    assert len(tests) == 1, tests
    many = tests[0]["report"]["sites"]["iterations"]
    raw = open(f"{work}/times.{run}", "rb").read()
    times = [value for (value,) in struct.iter_unpack("<Q", raw)]
    assert 0 < many < len(times)
    # The first are the warm-up.
    plain, slow = times[-2 * many:-many], times[-many:]
    before.append(statistics.mean(plain)); recorded.append(statistics.mean(slow))
    ratios.append(recorded[-1] / before[-1])
median = statistics.median
print(f"| {profile} | {body} | {median(before) / 1e6:.2f} ms | {median(recorded) / 1e6:.2f} ms | {median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |")
PYTHON
  done
done

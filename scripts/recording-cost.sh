#!/usr/bin/env bash
# The cost of recording: CPU time of a recorded iteration over that of one that is not recorded, in the
# same process, for a body on JSON (scripts/recording-cost), in debug and release.
#
#   scripts/recording-cost.sh [RUNS]
#
# Prints for each body and profile the median over RUNS (default 5) of: CPU time before, while
# recorded, and their ratio, by the sums over all iterations (unwind rules that are computed for the first time included).
# Exits 1 when the median ratio of any is above 4.
set -euo pipefail
runs=${1:-5}
here=$(realpath "$(dirname "$0")/..")
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RECORDING_COST_FILE=$work/times
judge() { # PROFILE [FLAG …]
  local profile=$1; shift
  "$CARGO_TARGET_DIR/debug/cargo-memcheck" memcheck --manifest-path "$here/scripts/recording-cost/Cargo.toml" \
    --target-dir "$CARGO_TARGET_DIR/recording-cost" --cargo-profile "$profile" "$@" > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
}
for profile in dev release; do judge "$profile" --no-run; done
# In turn, so that what else the machine does meets all of them alike.
for run in $(seq "$runs"); do
  for profile in dev release; do
    for body in one_thread two_threads; do
      judge "$profile" --sites always --report "$work/report.$profile.$body.$run" "$body"
      cp "$RECORDING_COST_FILE" "$work/times.$profile.$body.$run"
    done
  done
done
python3 - "$work" "$runs" <<'PYTHON'
import json, statistics, struct, sys
work, runs = sys.argv[1], int(sys.argv[2])
MOST = 4
print("| profile | body | before | recorded | ratio | least to greatest |")
print("|---|---|---|---|---|---|")
over = False
for profile in ["dev", "release"]:
    for body in ["one_thread", "two_threads"]:
        before, recorded, ratios = [], [], []
        for run in range(1, runs + 1):
            report = json.load(open(f"{work}/report.{profile}.{body}.{run}"))
            tests = report["tests"]
            assert len(tests) == 1, tests
            many = tests[0]["report"]["sites"]["iterations"]
            raw = open(f"{work}/times.{profile}.{body}.{run}", "rb").read()
            times = [value for (value,) in struct.iter_unpack("<Q", raw)]
            assert 0 < many < len(times)
            # The first are the warm-up.
            plain, slow = times[-2 * many:-many], times[-many:]
            before.append(statistics.mean(plain)); recorded.append(statistics.mean(slow))
            ratios.append(recorded[-1] / before[-1])
        median = statistics.median
        over |= median(ratios) > MOST
        print(f"| {profile} | {body} | {median(before) / 1e6:.2f} ms | {median(recorded) / 1e6:.2f} ms | {median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |")
if over:
    sys.exit(f"a median ratio is above {MOST}")
PYTHON

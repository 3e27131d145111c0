#!/usr/bin/env bash
# The cost of finding the functions and lines of 1,000 distinct call stacks of a large program, and
# whether the lines are correct.
#
#   scripts/symbols-cost.sh [PROGRAM]
#
# PROGRAM is a program of at least 100 MB; the default is the tests of cargo-memcheck with all debug
# information. The tool is a release build. Every fifth frame of a stack is a new random place. Prints
# the time of each part. Exits 1 above 2 s, for a smaller program, and if the line of a frame is not the
# one that addr2line of binutils prints.
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
program=${1:-}
if [ -z "$program" ]; then
  program=$(CARGO_PROFILE_DEV_DEBUG=2 cargo test --quiet --no-run --message-format json --target-dir "$CARGO_TARGET_DIR/symbols-cost" \
    --manifest-path "$here/Cargo.toml" --package cargo-memcheck --bins |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
MEMCHECK_PROGRAM=$program cargo test --quiet --release --manifest-path "$here/Cargo.toml" --package cargo-memcheck --bins \
  a_thousand_stacks_of_a_large_program -- --ignored --nocapture > "$work/out"
grep ' MB, ' "$work/out"
sed -n 's/^at \(0x[0-9a-f]*\) .*:\([0-9]*\)$/\1 \2/p' "$work/out" > "$work/ours"
[ -s "$work/ours" ] || { echo "no frame has a line"; exit 1; }
cut -d' ' -f1 "$work/ours" | addr2line -e "$program" | sed -E 's/.*:([0-9]+|\?).*/\1/' > "$work/theirs"
wrong=$(paste -d' ' "$work/ours" "$work/theirs" | awk '$2 != $3' | tee "$work/wrong" | wc -l)
echo "$(wc -l < "$work/ours") lines compared with those of addr2line, $wrong of them differ"
head -20 "$work/wrong"
awk '/ MB, / { if ($1 < 100) { print "the program has less than 100 MB"; exit 1 }
               if ($(NF - 1) > 2) { print "that is more than 2 s"; exit 1 } }' "$work/out"
[ "$wrong" = 0 ]

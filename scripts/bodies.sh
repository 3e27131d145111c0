#!/usr/bin/env bash
# Judges the tests of a project again and again, idle and next to busy loops, and counts the statuses by
# the prefix of their names: clean_, leak_, undecidable_.
#
#   scripts/bodies.sh PROJECT ROUNDS [LOOPS] [--release]
#
# Results are appended to PROJECT/target/bodies/LOOPS-PROFILE.txt, a line per test and round. A round that
# is there already is not run again, so the script goes on where it was stopped.
set -euo pipefail
project=$1 rounds=$2 loops=${3:-0} profile=${4:-}
root=$(cd "$(dirname "$0")/.." && pwd)
tool=$root/target/debug/cargo-memcheck
results=$project/target/bodies
mkdir -p "$results"
file=$results/$loops-${profile#--}.txt
touch "$file"

children=()
trap 'kill "${children[@]}" 2> /dev/null || true' EXIT
(cd "$project" && cargo test --quiet --no-run ${profile:+"$profile"} > /dev/null 2>&1)
for ((at = 0; at < loops; at++)); do
  (while :; do :; done) &
  children+=($!)
done
for ((round = 1; round <= rounds; round++)); do
  grep -q "^$round " "$file" && continue
  lines=$(cd "$project" && "$tool" memcheck --no-fail-fast -j 1 --color never ${profile:+"$profile"} 2>&1 |
    grep -aE '^ +(PASS|LEAK|UNSURE|LIMIT|FAIL|CRASH|TIMEOUT|BROKEN|EXIT) \[' |
    sed -E 's/^ +([A-Z]+) +\[ *([0-9.]+)s\] +[^ ]+ ([^ ]+).*/\1 \2 \3/' || true)
  while read -r line; do echo "$round $line"; done <<< "$lines" >> "$file"
done

awk '{
  name = $4; sub(/.*::/, "", name); kind = name; sub(/_.*/, "", kind)
  count[kind " " $2]++; total[kind]++
  if (kind == "clean" && $2 != "PASS" || kind == "leak" && $2 != "LEAK") odd[name " " $2]++
} END {
  for (of in count) { split(of, part, " "); print part[1], part[2], count[of], "of", total[part[1]] | "sort" }
  close("sort")
  for (of in odd) print "  ", of, odd[of] | "sort"
}' "$file"

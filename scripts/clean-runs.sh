#!/usr/bin/env bash
# Judges clean bodies many times and counts their statuses. None may be called growing.
#
#   scripts/clean-runs.sh [RUNS] [cargo memcheck flags …]
#
# RUNS is the number of judged runs over all bodies together (default 300). The bodies are those of
# scripts/clean-bodies; those about the heap also run with jemalloc and with mimalloc. Prints the runs,
# the statuses and the time. Exits 1 if a run has another status than PASS or UNSURE, or if too many
# are UNSURE: more than 2 of 100, or 10 of 100 with a `--time`, which gives a run less than 2 s.
set -euo pipefail
runs=${1:-300}; shift || true
most=2
[[ " $*" == *' --time'* ]] && most=10
here=$(realpath "$(dirname "$0")/..")
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
tool=$CARGO_TARGET_DIR/debug/cargo-memcheck
crates=(clean-bodies clean-bodies-jemalloc clean-bodies-mimalloc)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
judge() {
  "$tool" memcheck --manifest-path "$here/scripts/$1/Cargo.toml" --target-dir "$CARGO_TARGET_DIR/clean-runs" "${@:2}"
}
for crate in "${crates[@]}"; do
  judge "$crate" --no-run
done
begin=$SECONDS
total=0
while [ "$total" -lt "$runs" ]; do
  for crate in "${crates[@]}"; do
    out=$(judge "$crate" "$@" 2> /dev/null) || true
    lines=$(grep -E '^ +[A-Z]+ \[ .*s\] .+ ' <<< "$out" | grep -v '^ *Summary' || true)
    [ -n "$lines" ] || { echo "nothing was judged in $crate:"; echo "$out"; exit 1; }
    echo "$lines" >> "$log"
    grep -vE '^ +PASS ' <<< "$lines" || true
  done
  total=$(wc -l < "$log")
done
echo "$total judged runs in $((SECONDS - begin)) s:"
awk '{print $1}' "$log" | sort | uniq -c
unsure=$(grep -cE '^ +UNSURE ' "$log" || true)
if [ $((unsure * 100)) -gt $((total * most)) ]; then
  echo "$unsure of $total are UNSURE, more than $most of 100"
  exit 1
fi
! grep -qvE '^ +(PASS|UNSURE) ' "$log"

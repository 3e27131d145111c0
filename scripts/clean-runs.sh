#!/usr/bin/env bash
# Judges clean bodies again and again and counts the words they get. Not one may be called growing.
#
#   scripts/clean-runs.sh [RUNS] [cargo memcheck flags …]
#
# RUNS is the number of judged runs over all bodies together (default 300). Exits 1 if any run got
# another word than PASS or UNSURE; prints how many were UNSURE.
set -euo pipefail
runs=${1:-300}; shift || true
here=$(realpath "$(dirname "$0")/..")
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
tool=$here/target/debug/cargo-memcheck
log=$(mktemp)
trap 'rm -f "$log"' EXIT
begin=$SECONDS
bodies=0; done=0
while [ "$done" -lt "$runs" ]; do
  out=$("$tool" memcheck --manifest-path "$here/scripts/clean-bodies/Cargo.toml" "$@" 2>/dev/null) || true
  lines=$(grep -E '^ +[A-Z]+ \[' <<<"$out" || true)
  [ -n "$lines" ] || { echo "nothing was judged:"; echo "$out"; exit 1; }
  bodies=$(wc -l <<<"$lines"); done=$((done + bodies))
  echo "$lines" >> "$log"
  grep -vE '^ +(PASS) ' <<<"$lines" || true
done
echo "$done judged runs of $bodies bodies in $((SECONDS - begin)) s:"
awk '{print $1}' "$log" | sort | uniq -c
! grep -qvE '^ +(PASS|UNSURE) ' "$log"

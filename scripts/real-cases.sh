#!/usr/bin/env bash
# Runs `cargo memcheck` on a folder of real cases and prints the status of each, and the line on
# which each leak was reported.
#
#   scripts/real-cases.sh FOLDER [RUNS] [cargo memcheck flags …]
#
# A case is a crate with `pub fn workload()`, one iteration. Cases in `NAME/leaky` must be called
# LEAK; those in `NAME/fixed` and `clean/NAME` must PASS. Each is copied to a temporary folder and
# gets memcheck-lib as a dev-dependency. Exits 1 if a run of a case has another status, or if a leak is
# reported on another line, or with another function, than the one in FOLDER/expected (otherwise
# scripts/real-cases.expected). Cases that are not listed there are only printed.
#
# For each case: how many runs have the status, the wrong statuses, the shortest and longest time, and
# the metrics of one run; for a leak, each line that was named, with the function of a dependency that
# was named, and how often.
#
# TOOL is a cargo-memcheck that is built already; CASES_DIR keeps the copies and what is built; CASES is
# a pattern of NAME/KIND (`*/leaky`).
set -euo pipefail
folder=$(realpath "$1"); runs=${2:-1}; shift; shift || true
here=$(realpath "$(dirname "$0")/..")
work=${CASES_DIR:-$(mktemp -d)}
mkdir -p "$work"
tool=${TOOL:-$here/target/debug/cargo-memcheck}
[ -n "${TOOL:-}" ] || cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
expected=$folder/expected; [ -f "$expected" ] || expected=$here/scripts/real-cases.expected
words='PASS|LEAK|LIMIT|UNSURE|FAIL|CRASH|EXIT|LOST|TIMEOUT|BROKEN|CEILING|KNOWN'
failed=0
for manifest in "$folder"/*/*/Cargo.toml; do
  source=$(dirname "$manifest")
  kind=$(basename "$source"); name=$(basename "$(dirname "$source")")
  [ "$name" = clean ] && { name=$kind; kind=clean; }
  # shellcheck disable=SC2053  # a pattern is meant
  [[ $name/$kind == ${CASES:-*} ]] || continue
  case=$work/$name-$kind
  rm -rf "$case"; cp -r "$source" "$case"; chmod -R u+w "$case"; mkdir -p "$case/tests"
  crate=$(sed -n 's/^name = "\(.*\)"/\1/p' "$case/Cargo.toml" | head -1 | tr - _)
  features='' defaults=() allocator=''
  if grep -q '^global = ' "$case/Cargo.toml"; then
    # Its own global allocator: off, and wrapped.
    defaults=(--no-default-features)
    features=', default-features = false, features = ["own-allocator", "native-heap"]'
    type=$(sed -n 's/^pub static ALLOC: \(.*\) = .*/\1/p' "$case/src/lib.rs")
    allocator="#[global_allocator] static GLOBAL: memcheck::Alloc<$type> = memcheck::Alloc::new($type);"
  fi
  sed -i "/^\[dependencies\]/i [dev-dependencies]\nmemcheck-lib = { path = \"$here/memcheck-lib\"$features }\n" "$case/Cargo.toml"
  # Every run is a test of its own, and so a process of its own.
  { echo "$allocator"
    for run in $(seq "$runs"); do
      echo "#[memcheck::memcheck] fn run_$run() { $crate::workload(); }"
    done
  } > "$case/tests/case.rs"
  read -r line maker < <(awk -v name="$name" '$1 == name { print $2, $3 }' "$expected") || true
  want=PASS; [ "$kind" = leaky ] && want=LEAK
  [ "$want" = LEAK ] && [ "${line:-}" = UNSURE ] && { want=UNSURE line=''; }
  (cd "$case" && CARGO_TARGET_DIR=$work/target "$tool" memcheck --test case "${defaults[@]}" "$@" >stdout 2>stderr) || true
  results=$(grep -E "^ +($words) \[" "$case/stdout") || true
  good=$(grep -cE "^ +$want " <<<"$results") || true
  wrong=$(awk -v want="$want" '$1 != want {print $1}' <<<"$results" | sort | uniq -c | tr -s ' \n' ' ')
  [ "$good" = "$runs" ] || failed=1
  span=$(sed -E 's/^[^[]*\[ *([0-9.]+)s\].*/\1/' <<<"$results" | sort -n | sed -n '1p;$p' | paste -sd-)
  sample=$(grep -E "^ +$want " <<<"$results" | tail -1) || true
  figures=$(sed -E 's/^[^]]*\] *//; s/^.*run_[0-9]+ *//; s/ *$//' <<<"$sample")
  printf '%-34s %-5s %2s/%s%s  %s s  %s\n' "$name" "$kind" "$good" "$runs" "$wrong" "$span" "$figures"
  [ "$want" = PASS ] && continue
  awk -v line="${line:-}" -v maker="${maker:-}" '
    function told() {
      if (code ~ /-growth/ && line && (index(place, line ":") != 1 || (maker == "-" ? by : by !~ maker)))
        by = by " **WRONG: not " line " " maker "**"
      if (code) print code, place, by
    }
    /^error\[/  { told(); code = $1; place = "no line"; by = "" }
    /^ *--> /    { if (place == "no line") place = $2 }
    /= note: (allocated|opened|mapped|started) by / { sub(/.*= note: /, ""); by = by (by == "" ? "" : "; ") $0 }
    END          { told() }
  ' "$case/stdout" | sort | uniq -c > "$work/lines"
  cat "$work/lines"
  ! grep -qF '**WRONG' "$work/lines" || failed=1
done
exit $failed

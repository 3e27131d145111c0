#!/usr/bin/env bash
# Runs `cargo memcheck` over a folder of real cases and says which verdict each got.
#
#   scripts/real-cases.sh FOLDER [RUNS] [cargo memcheck flags …]
#
# A case is a crate with `pub fn workload()`, one iteration. Cases in `NAME/leaky` must be called
# LEAK; those in `NAME/fixed` and `clean/NAME` must PASS. Each is copied to a temporary folder and
# gets memcheck-lib as a dev-dependency. Exits 1 if any run of any case got another word.
set -euo pipefail
folder=$(realpath "$1"); runs=${2:-1}; shift; shift || true
here=$(realpath "$(dirname "$0")/..")
work=${CASES_DIR:-$(mktemp -d)}
mkdir -p "$work"
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
tool=$here/target/debug/cargo-memcheck
failed=0
for manifest in "$folder"/*/*/Cargo.toml; do
  source=$(dirname "$manifest")
  kind=$(basename "$source"); name=$(basename "$(dirname "$source")")
  [ "$name" = clean ] && { name=$kind; kind=clean; }
  case=$work/$name-$kind
  rm -rf "$case"; cp -r "$source" "$case"; chmod -R u+w "$case"; mkdir -p "$case/tests"
  crate=$(sed -n 's/^name = "\(.*\)"/\1/p' "$case/Cargo.toml" | head -1 | tr - _)
  features='' defaults=''
  if grep -q '^global = ' "$case/Cargo.toml"; then
    # Its own global allocator: off, and wrapped.
    defaults=--no-default-features
    features=', default-features = false, features = ["own-allocator", "native-heap"]'
    allocator="#[global_allocator] static GLOBAL: memcheck::Alloc<tikv_jemallocator::Jemalloc> = memcheck::Alloc::new(tikv_jemallocator::Jemalloc);"
  else
    allocator=''
  fi
  sed -i "/^\[dependencies\]/i [dev-dependencies]\nmemcheck-lib = { path = \"$here/memcheck-lib\"$features }\n" "$case/Cargo.toml"
  cat > "$case/tests/case.rs" <<RUST
$allocator
#[memcheck::memcheck]
fn workload() { $crate::workload(); }
RUST
  want=PASS; [ "$kind" = leaky ] && want=LEAK
  good=0; words=''; sample=''
  for _ in $(seq "$runs"); do
    line=$(cd "$case" && CARGO_TARGET_DIR=$work/target "$tool" memcheck --test case $defaults "$@" 2>"$case/stderr" | tee "$case/stdout" | grep -E '^ +(PASS|LEAK|LIMIT|UNSURE|FAIL|CRASH|EXIT|LOST|TIMEOUT|BROKEN|CEILING|KNOWN) ' | head -1) || true
    word=$(awk '{print $1}' <<<"$line"); words+="$word "; sample=$line
    if [ "$word" = "$want" ]; then good=$((good + 1)); else cp "$case/stdout" "$case/stdout.bad" ; fi
  done
  [ "$good" = "$runs" ] || failed=1
  printf '%-38s %-5s %s/%s  %s\n' "$name" "$kind" "$good" "$runs" "$(sed -E 's/^ *//; s/case workload *//' <<<"$sample")"
done
exit $failed

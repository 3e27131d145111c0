#!/usr/bin/env bash
# Judges four C libraries through their bindings, used correctly and with the release forgotten
# (scripts/c-libraries), over 1,000 iterations each. Needs libssl-dev. Exits 1 on any wrong status.
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
out=$("$here/target/debug/cargo-memcheck" memcheck --manifest-path "$here/scripts/c-libraries/Cargo.toml" "$@") || true
grep -E '^ +[A-Z]+ \[' <<<"$out"
wrong=$(grep -E '^ +[A-Z]+ \[' <<<"$out" | grep -vE '^ +PASS .*_clean |^ +LEAK .*_leaks_.*C heap ' || true)
[ -z "$wrong" ]

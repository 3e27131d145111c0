#!/usr/bin/env bash
# Updates the lock file of each example to the dependencies that the library has now, and leaves all
# other versions as they are. Run it after a change of the dependencies of the library.
set -euo pipefail
cd "$(dirname "$0")/.."
for example in examples/*/; do
  cargo update --quiet --workspace --manifest-path "$example/Cargo.toml"
done
git status --short examples

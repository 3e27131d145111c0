#!/usr/bin/env bash
# Builds a small project in every way that could interfere with the counters of the C heap. Reports
# for each whether it links and how a strdup that C forgets is reported.
#
#   scripts/c-heap-links.sh [CASE …]
#
# Prints one line of a table for each case (docs/src/evidence/c-heap.md has one such run). A case must
# either count exactly (24 B in 1 block per iteration) or report that it cannot; a silent 0 fails the
# script. Needs a C compiler. Cases whose toolchain is not installed are skipped and named.
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
work=${LINKS_DIR:-$(mktemp -d)}
cargo build --quiet --manifest-path "$here/Cargo.toml" --package cargo-memcheck
tool=$here/target/debug/cargo-memcheck
host=$(rustc -vV | sed -n 's/^host: //p')
failed=0

# case NAME WANT FEATURES DEPENDENCIES ALLOCATOR MANIFEST [VARIABLE=VALUE …] -- [FLAG …]
case_() {
  local name=$1 want=$2 features=$3 dependencies=$4 allocator=$5 manifest=$6; shift 6
  local variables=() project=$work/$name
  while [ "$1" != -- ]; do variables+=("$1"); shift; done; shift
  [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " == *" $name "* ]] || return 0
  mkdir -p "$project/src" "$project/tests"
  cp "$here/Cargo.lock" "$project/Cargo.lock"
  cat > "$project/Cargo.toml" <<TOML
[package]
name = "links"
version = "0.1.0"
edition = "2024"
[workspace]
[dependencies]
libc = "0.2.160"
$dependencies
[dev-dependencies]
memcheck-lib = { path = "$here/memcheck-lib"$features }
$manifest
TOML
  cat > "$project/src/lib.rs" <<'RUST'
//! What is tested.
/// Forgets 18 bytes, usable size 24.
#[unsafe(no_mangle)]
pub extern "C" fn forgets() {
    std::hint::black_box(unsafe { libc::strdup(c"from C, 17 chars.".as_ptr()) });
}
/// Forgets nothing.
pub fn clean() {
    unsafe { libc::free(std::hint::black_box(libc::strdup(c"from C".as_ptr())).cast()) };
    std::hint::black_box(vec![1u8; 1000]);
}
RUST
  cat > "$project/tests/case.rs" <<RUST
$allocator
#[memcheck::memcheck(time = "500ms")]
fn forgets() { links::forgets(); }
#[memcheck::memcheck(time = "500ms")]
fn clean() { links::clean(); }
#[memcheck::memcheck(time = "500ms")]
fn forgets_rust() { std::mem::forget(std::hint::black_box(Box::new([0u8; 100]))); }
RUST
  local out=$project/stdout result status=0
  # Quiet about what the compiler says; shown when it fails.
  # Cases built with the same flags share what they build.
  local group; group=$(tr -c 'A-Za-z0-9\n' _ <<<"flags ${variables[*]}")
  (cd "$project" && env CARGO_TARGET_DIR="$work/target/$group" CARGO_PROFILE_DEV_DEBUG=0 "${variables[@]}" \
    "$tool" memcheck --test case --message-format json "$@" >"$out" 2>"$project/stderr") || status=$?
  if [ "$status" != 100 ]; then
    result="exit $status: $(grep -m1 -E '^error' "$project/stderr" || true)"
  else
    result=$(python3 - "$out" <<'PY'
import json, sys
reports = {}
for line in open(sys.argv[1]):
    try: value = json.loads(line)
    except ValueError: continue
    def walk(value):
        if isinstance(value, dict):
            if "test" in value and "outcome" in value and isinstance(value["test"], dict):
                reports[value["test"]["name"]] = value
            for child in value.values(): walk(child)
    walk(value)
def rate(report, *names):
    found = {of["figure"]: of for of in report["figures"]}
    return [found[name]["rate"] if name in found else None for name in names]
leaks, clean, rust = reports["forgets"], reports["clean"], reports["forgets_rust"]
said = [w["message"] for w in leaks["warnings"] if w["code"] == "c-heap-not-counted"]
c = rate(leaks, "native-bytes", "native-blocks")
if c == [24.0, 1.0]: text = "counts"
elif said: text = "says so: " + said[0].split(": ", 1)[1].split(";")[0].split(" (")[0].split(". Here")[0]
elif leaks["outcome"]["kind"] != "passed": text = "BROKEN " + str(leaks["outcome"].get("message", leaks["outcome"]))
else: text = f"SILENT {c}"
if clean["verdict"] != "steady": text += f" (clean: {clean['verdict']} {clean['outcome']})"
if rate(rust, "heap-bytes", "heap-blocks") != [100.0, 1.0]: text += f" (Rust heap: {rate(rust, 'heap-bytes', 'heap-blocks')})"
names = [a["after"]["allocator"] for a in leaks.get("allocators", [])]
print(text + "\t" + ", ".join(names))
PY
) || result="unreadable: $(head -c 200 "$out")"
  fi
  local verdict=ok
  [[ "$result" == "$want"* ]] && { [ "$want" != counts ] || [[ "$result" != *"("* ]]; } || { verdict=NO; failed=1; }
  printf '| %-22s | %-60s | %-18s | %s |\n' "$name" "${result%%$'\t'*}" "${result#*$'\t'}" "$verdict"
}

wanted=("$@")
own=', default-features = false, features = ["own-allocator", "native-heap"]'
jemalloc='#[global_allocator] static GLOBAL: memcheck::Alloc<tikv_jemallocator::Jemalloc> = memcheck::Alloc::new(tikv_jemallocator::Jemalloc);'
mimalloc='#[global_allocator] static GLOBAL: memcheck::Alloc<mimalloc::MiMalloc> = memcheck::Alloc::new(mimalloc::MiMalloc);'
linker() { printf 'RUSTFLAGS=-Clink-arg=-fuse-ld=%s' "$1"; }

printf '| %-22s | %-60s | %-18s | |\n|---|---|---|---|\n' 'built with' 'a strdup that C forgets' 'own statistics'
case_ plain counts '' '' '' '' --
case_ release counts '' '' '' '' -- --release
case_ bfd counts '' '' '' '' "$(linker bfd)" --
if command -v ld.lld >/dev/null; then case_ lld counts '' '' '' '' "$(linker lld)" --; else echo 'lld is not installed'; fi
case_ fat-lto counts '' '' '' '' CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 -- --release
case_ prefer-dynamic counts '' '' '' '' RUSTFLAGS=-Cprefer-dynamic --
case_ cdylib counts '' '' '' $'[lib]\ncrate-type = ["cdylib", "rlib"]' --
case_ jemalloc counts "$own" 'tikv-jemallocator = "0.6"' "$jemalloc" '' --
case_ jemalloc-unprefixed 'says so' "$own" 'tikv-jemallocator = { version = "0.6", features = ["unprefixed_malloc_on_supported_platforms"] }' "$jemalloc" '' --
case_ mimalloc counts "$own" 'mimalloc = { version = "0.1", default-features = false }' "$mimalloc" '' --
case_ mimalloc-override 'says so' "$own" 'mimalloc = { version = "0.1", default-features = false, features = ["override"] }' "$mimalloc" '' --
case_ own-system counts "$own" '' '#[global_allocator] static GLOBAL: memcheck::Alloc = memcheck::Alloc::new(std::alloc::System);' '' --
case_ crt-static 'says so' '' '' '' '' RUSTFLAGS=-Ctarget-feature=+crt-static -- --target "$host"
if rustup target list --installed 2>/dev/null | grep -q x86_64-unknown-linux-musl; then
  case_ musl 'says so' '' '' '' '' -- --target x86_64-unknown-linux-musl
else echo 'the target x86_64-unknown-linux-musl is not installed'; fi
if rustc +nightly --version >/dev/null 2>&1; then
  case_ address-sanitizer 'says so' '' '' '' '' RUSTUP_TOOLCHAIN=nightly RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=0:thread_local_quarantine_size_kb=0 -- --target "$host"
else echo 'no nightly toolchain is installed'; fi
exit $failed

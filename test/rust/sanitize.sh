#!/usr/bin/env bash
# Runs the core under rustc's thread, real-time and address sanitizers, on the stable toolchain, without Node and SDL. Each
# must first report a probe that is wrong on purpose. Fails on any report, and on a probe that goes unreported.
set -euo pipefail
cd "$(dirname "$0")/../.."

host=$(rustc -vV | sed -n 's/^host: //p')
suppressions=$PWD/test/rust/sanitize
export RUSTC_BOOTSTRAP=1 RUST_BACKTRACE=0
export TSAN_OPTIONS="suppressions=$suppressions/thread.supp" RTSAN_OPTIONS="suppressions=$suppressions/realtime.supp"
# A test asks for more memory than there is, and must be refused as anywhere else.
export TSAN_OPTIONS="$TSAN_OPTIONS allocator_may_return_null=1" ASAN_OPTIONS="allocator_may_return_null=1"

# sanitize KIND REPORT FLAGS TESTS…: REPORT is what the sanitizer's reports name it by.
sanitize() {
  local kind=$1 report=$2 flags=$3 started=$SECONDS
  local target=${CARGO_TARGET_DIR:-target}/sanitize/$kind
  shift 3
  local log=$target/log
  mkdir -p "$target"
  local cargo=(env RUSTFLAGS="-Zsanitizer=$kind -Cunsafe-allow-abi-mismatch=sanitizer $flags"
    cargo test --quiet --no-default-features --target "$host" --target-dir "$target")

  "${cargo[@]}" "$@" --no-run
  if "${cargo[@]}" --test sanitized -- --ignored "probe_of_the_${kind}_sanitizer" >"$log" 2>&1 ||
    ! grep -q "SUMMARY: $report" "$log"; then
    cat "$log"
    echo "sanitize: the $kind sanitizer did not report its probe"
    return 1
  fi
  if ! "${cargo[@]}" "$@" -- --test-threads=1 >"$log" 2>&1 || grep -q "SUMMARY: $report" "$log"; then
    cat "$log"
    echo "sanitize: the $kind sanitizer has something to report"
    return 1
  fi
  local passed
  passed=$(awk '/^test result: ok/ { passed += $4 } END { print passed }' "$log")
  echo "sanitize: $kind: its probe is reported; $passed tests ($*) without a report, $((SECONDS - started)) s"
}

sanitize thread ThreadSanitizer '-Copt-level=1' --lib --test sanitized --test frames --test sources --test shared --test capture \
  --test packets --test voice
sanitize realtime RealtimeSanitizer '--cfg rtsan' --test sanitized
sanitize address AddressSanitizer '' --lib --test sanitized --test frames --test sources --test shared --test capture --test fuzz

#!/usr/bin/env bash
# The slow half of the house's rules: what `./dev check` runs.  Ends with one line that counts.
set -uo pipefail
cd "$(dirname "$0")/../.."
passed=0 failed=0
step() {  # NAME COMMAND…
  local name=$1; shift
  echo "== $name" >&2
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $name"; fi
}

sources() { git ls-files '*.h' '*.cc'; }
format() { sources | xargs clang-format --dry-run --Werror; }
lint() { npx --no-install buf lint; }
# What phones, servers and stores may have of: written anew (`npx buf build -o
# tests/compat/protos.binpb`) whenever a file is added, once this has passed.
breaking() { npx --no-install buf breaking --exclude-imports --against tests/compat/protos.binpb; }
all_are_held() {  # every file is in the image
  diff <(npx --no-install buf ls-files | sed 's|^proto/||' | sort) \
       <(npx --no-install buf ls-files tests/compat/protos.binpb | sort) >&2
}
# A check that has never been red proves little.
breaking_is_found() {
  local house; house=$(mktemp -d)
  cp -r proto buf.yaml "$house"
  sed -i 's/uint64 sequence = 3;/uint64 sequence = 99;/' "$house/proto/sotay/v1/change.proto"
  ! cmp -s {"$house/",}proto/sotay/v1/change.proto || { rm -rf "$house"; return 1; }
  ! npx --no-install buf breaking "$house" --exclude-imports --against tests/compat/protos.binpb >/dev/null 2>&1
  local found=$?; rm -rf "$house"; return $found
}
test_headers() {  # of the clang build above
  SOTAY_BUILD_DIR="$PWD/build/dev" CXX=clang++ python3 tests/tidy/tidy.py test_headers
}
preset() { ./dev build "$1" && cmake --build "build/$1" --target sotay_bench sotay_text_bench; }
# A law is some ten times slower under a sanitizer, so a tenth of its cases.
sanitized() {  # PRESET LABELS
  ./dev build "$1" && SOTAY_CASES=100000 ctest --test-dir "build/$1" -j "$(nproc)" --output-on-failure -L "$2"
}

step "format" format
step "proto lint" lint
step "proto breaking changes" breaking
step "proto breaking changes are found" breaking_is_found
step "proto files held against breaking changes" all_are_held
step "warnings, clang" preset dev
step "headers of the tests" test_headers
step "warnings, gcc" preset gcc
step "address and undefined-behaviour sanitizers" sanitized asan 'unit|law'
export TSAN_OPTIONS="suppressions=$PWD/tests/tidy/tsan.supp ignore_noninstrumented_modules=1"
step "thread sanitizer" sanitized tsan 'unit'
step "fuzz targets, 20 s each" ./dev fuzz 20
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]

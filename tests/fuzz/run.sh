#!/usr/bin/env bash
# tests/fuzz/run.sh BUILD_DIR SECONDS [TARGET…]
#
# Runs every fuzz target (or those named) for that many seconds each: the seeds of corpus/TARGET
# and a corpus of its own that begins empty.  One line a target; an input that broke something is
# kept in BUILD_DIR/crashes.  Exits 1 when anything broke, or when the canary did not; 77 when none
# is built.
set -uo pipefail
build=${1:?the build directory}
case $build in /*) ;; *) build=$PWD/$build ;; esac
seconds=${2:?seconds for each target}
shift 2
here=$(cd "$(dirname "$0")" && pwd)
bin=$build/tests/fuzz
[ -x "$bin/canary_fuzz" ] || { echo "nothing is built there: ./dev build fuzz" >&2; exit 77; }
crashes=$build/crashes
rss_mb=2048
input_seconds_max=10
mkdir -p "$crashes"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Longest input: as much as shows everything the target looks at, and no more, since short inputs
# are what makes a fuzzer fast.
max_len() {
  case $1 in
    csv | fragment | invitation | text) echo 2048 ;;
    schema | mapping) echo 8192 ;;
    *) echo 4096 ;;
  esac
}

run() {  # TARGET SECONDS; leaves its output in $scratch/TARGET.log
  local target=$1 corpus=$scratch/$1 seeds=$here/corpus/$1
  local -a options=(-max_total_time="$2" -max_len="$(max_len "$target")" -rss_limit_mb="$rss_mb"
                    -timeout="$input_seconds_max" -print_final_stats=1 -verbosity=1
                    -artifact_prefix="$scratch/found-")
  [ -f "$here/$target.dict" ] && options+=(-dict="$here/$target.dict")
  mkdir -p "$corpus"
  [ -d "$seeds" ] || seeds=
  "$bin/${target}_fuzz" "${options[@]}" "$corpus" ${seeds:+"$seeds"} >"$scratch/$target.log" 2>&1
}

figure() { sed -n "s/^stat::$2: *//p" "$scratch/$1.log" | tail -1; }
covered() { grep -o 'cov: [0-9]*' "$scratch/$1.log" | tail -1 | tr -dc 0-9; }
found() { find "$scratch" -maxdepth 1 -name 'found-*' | head -1; }
line() { printf '%-14s %12s runs %6s edges %5s inputs kept %5s MB  %s\n' "$@"; }

if run canary 30 || [ -z "$(found)" ]; then
  echo "canary: the planted fault was not found; these targets would find nothing either" >&2
  tail -5 "$scratch/canary.log" >&2
  exit 1
fi
rm -f "$(found)"

failed=0 targets=0
if [ $# -eq 0 ]; then
  for source in "$here"/*_fuzz.cc; do
    name=$(basename "$source" _fuzz.cc)
    [ "$name" = canary ] || set -- "$@" "$name"
  done
fi
for target in "$@"; do
  targets=$((targets + 1))
  if run "$target" "$seconds"; then result=ok; else result=BROKEN failed=$((failed + 1)); fi
  line "$target" "$(figure "$target" number_of_executed_units)" "$(covered "$target")" \
    "$(find "$scratch/$target" -type f | wc -l)" "$(figure "$target" peak_rss_mb)" "$result"
  [ "$result" = ok ] && continue
  grep -m 3 -E '^broken:|ERROR: |runtime error:|SUMMARY:' "$scratch/$target.log" || tail -5 "$scratch/$target.log"
  for input in $(find "$scratch" -maxdepth 1 -name 'found-*'); do
    kept=$crashes/$target-$(basename "${input#*found-}")
    mv "$input" "$kept"
    echo "  again: $bin/${target}_fuzz $kept"
  done
done
echo "$targets targets, $failed broken"
[ "$failed" = 0 ]

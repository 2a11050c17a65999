#!/usr/bin/env bash
# Kill tests and laws over and over with new seeds, and after each round the next of the stories, in
# all orders: `soak.sh BUILD_DIR MINUTES`.  A failure prints the seed that repeats it (SOTAY_SEED=…)
# and ends the soak.
set -euo pipefail
build=$1 until=$(( $(date +%s) + $2 * 60 )) passed=0 round=$RANDOM
stories=("$build"/tests/stories/*_test)
export SOTAY_ORDERS=all
while [ "$(date +%s)" -lt "$until" ]; do
  seed=$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')
  for test in e2e/kill_server_test e2e/kill_phone_test laws/merge_laws_test laws/world_laws_test \
              text/text_merge_test "${stories[round % ${#stories[@]}]#"$build/tests/"}"; do
    if ! SOTAY_SEED=$seed "$build/tests/$test" --gtest_brief=1; then
      echo "failed: SOTAY_ORDERS=all SOTAY_SEED=$seed $test"
      echo "$passed passed, 1 failed, 0 skipped"
      exit 1
    fi
    passed=$((passed + 1))
  done
  round=$((round + 1))
done
echo "$passed passed, 0 failed, 0 skipped"

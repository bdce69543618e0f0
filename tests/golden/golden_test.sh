#!/usr/bin/env bash
# Compares generated files with the golden ones beside this script.
#
# usage: golden_test GENERATED...             as a test
#        golden_test GENERATED... --update    rewrites them, in `bazel run`
set -euo pipefail
generated=() update=false
for argument; do
  case $argument in
    --update) update=true ;;
    *) generated+=("$argument") ;;
  esac
done

if $update; then
  golden=$BUILD_WORKSPACE_DIRECTORY/tests/golden
  rm -f "$golden"/*.golden
  for file in "${generated[@]}"; do
    cp --no-preserve=mode "$file" "$golden/$(basename "$file").golden"
  done
  echo "${#generated[@]} golden files written"
  exit
fi

failed=0
for file in "${generated[@]}"; do
  name=$(basename "$file").golden
  diff --unified "tests/golden/$name" "$file" || failed=1
done
expected=$(find tests/golden -name '*.golden' | wc -l)
if [[ $expected -ne ${#generated[@]} ]]; then
  echo "$expected golden files, but ${#generated[@]} generated"
  failed=1
fi
if [[ $failed -ne 0 ]]; then
  echo 'If this is meant: bazel run //tests/golden:golden_test -- --update'
fi
exit "$failed"

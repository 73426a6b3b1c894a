#!/usr/bin/env bash
# Plants one fault after another in a copy of the last commit, and requires that the comparison of evaluator and contract finds
# each: the histories of tests/differential, or else the vectors and random cases of tests/spec.
#
#   tools/faults/run.sh [rust|solidity [FIRST]]
#
# HALLPASS_FAULT_OPS (4000) operations and HALLPASS_FAULT_CASES (6000) cases a fault; HALLPASS_DIFF_SEED (1); HALLPASS_FAULT_DIR
# is the scratch folder, whose build is used again. FIRST is the number of the first fault to plant. A fault counts as caught
# where verdicts or states differ: not where it does not build, nor where anything else fails. With no argument the table goes
# to proofs/faults.txt.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=${HALLPASS_FAULT_DIR:-${TMPDIR:-/tmp}/hallpass-faults}
export HALLPASS_DIFF_OPS=${HALLPASS_FAULT_OPS:-4000} HALLPASS_DIFF_SEED=${HALLPASS_DIFF_SEED:-1}
export CARGO_TARGET_DIR="$scratch/target" RUST_BACKTRACE=0
export HALLPASS_CHAIN_CASES=${HALLPASS_FAULT_CASES:-6000} HALLPASS_CHAIN_SEED=$HALLPASS_DIFF_SEED
only=${1:-}
first=${2:-00}
copy="$scratch/copy"
clean="$scratch/clean"

rm -rf "$copy" "$clean"
mkdir -p "$copy" "$clean"
git -C "$root" archive HEAD Cargo.toml Cargo.lock clippy.toml bench/signer crates contracts spec | tar -x -C "$clean"
cp -R "$clean/." "$copy"
[ -d "$root/contracts/node_modules" ] || { echo 'run `npm ci` in contracts first' >&2; exit 1; }
ln -s "$root/contracts/node_modules" "$copy/contracts/node_modules"

for fault in "$here"/rust/*.fault "$here"/solidity/*.fault; do
  node "$here/apply.mjs" "$fault" "$clean" --check >/dev/null
done

table="$scratch/table"
log="$scratch/log"
survived=0

# Builds the tests; their paths are in $histories and $cases.
build() {
  (cd "$copy" && cargo test --offline -q -p hallpass-chain --test differential --test spec --no-run) >"$log" 2>&1 || {
    cat "$log" >&2
    echo "$1 does not build" >&2
    exit 1
  }
  histories=$(ls -t "$CARGO_TARGET_DIR"/debug/deps/differential-* | grep -v '\.d$' | head -n 1)
  cases=$(ls -t "$CARGO_TARGET_DIR"/debug/deps/spec-* | grep -v '\.d$' | head -n 1)
}

# Exits 0 where the two sides agree; else $log is of the first comparison that failed.
judge() {
  (cd "$copy/crates/chain" && "$histories" --exact the_evaluator_and_the_contract_agree --nocapture) >"$log" 2>&1 || return 1
  (cd "$copy/crates/chain" && "$cases" --nocapture) >"$log" 2>&1
}

# Where the comparison that failed says so, by the name of a vector or the history and step; nothing where something else failed.
found() {
  at=$(grep -A1 'panicked at .*tests/differential/compare.rs' "$log" | grep -o 'history [0-9]*.*step [0-9]*' | head -n 1)
  [ -z "$at" ] || { echo "$at" && return; }
  grep -oE '^`[^`]*`: (Delegated|EntryPoint|Pocket|Module): (the evaluator says|the state is|executed|the EntryPoint)' "$log" \
    | sed -E 's/^(`[^`]*`): ([A-Za-z]*):.*/vector \1, \2/' | head -n 1 | grep . && return
  grep -oE '^(Delegated|EntryPoint|Pocket|Module): (the evaluator says|the state is|executed|the EntryPoint)' "$log" \
    | sed -E 's/:.*/, a random case/' | head -n 1
}

artifacts() {
  (cd "$copy/contracts" && node scripts/artifacts.mjs) >"$log" 2>&1 || {
    cat "$log" >&2
    echo "$1 does not compile" >&2
    exit 1
  }
}

{
  echo "Planted faults, each in a copy of the commit, against the comparison of evaluator and contract"
  echo "commit $(git -C "$root" rev-parse HEAD), $(date -u +%Y-%m-%dT%H:%MZ), seed $HALLPASS_DIFF_SEED, $HALLPASS_DIFF_OPS operations each"
  echo
} | tee "$table"

echo "without a fault ..." >&2
[ "$only" = rust ] || artifacts "the clean copy"
cp -R "$copy/contracts/artifacts/." "$clean/contracts/artifacts"
build "the clean copy"
judge || { tail -n 60 "$log" >&2; echo "the two sides disagree without any fault" >&2; exit 1; }
printf '%-48s %s\n' "no fault" "agrees" | tee -a "$table"

for fault in "$here"/rust/*.fault "$here"/solidity/*.fault; do
  name=${fault#"$here/"}
  name=${name%.fault}
  side=${name%%/*}
  [ -z "$only" ] || [ "$only" = "$side" ] || continue
  [[ "${name#*/}" > "$first" ]] || continue
  file=$(node "$here/apply.mjs" "$fault" "$copy")
  if [ "$side" = solidity ]; then artifacts "$name"; fi
  build "$name"
  if judge; then
    survived=$((survived + 1))
    verdict="SURVIVED"
  elif at=$(found) && [ -n "$at" ]; then
    verdict="caught at $at"
  else
    survived=$((survived + 1))
    verdict="SURVIVED: the test failed elsewhere"
    tail -n 30 "$log" >&2
  fi
  printf '%-48s %s\n' "$name" "$verdict" | tee -a "$table"
  cp "$clean/$file" "$copy/$file"
  # The clean build's own artifacts: a copy is new to cargo, which then builds anew.
  if [ "$side" = solidity ]; then cp -R "$clean/contracts/artifacts/." "$copy/contracts/artifacts"; fi
done

echo | tee -a "$table"
echo "$survived survived" | tee -a "$table"
if [ -z "$only" ]; then mkdir -p "$root/proofs" && cp "$table" "$root/proofs/faults.txt"; fi
[ "$survived" -eq 0 ]

#!/usr/bin/env bash
# Plants one fault after another in a copy of the last commit, and requires that the evaluator then differs from the reference
# (spec/reference): those of tools/faults/policy, and those of tools/faults/rust, which the contract must find too.
#
#   tools/faults/reference.sh [policy|rust]
#
# HALLPASS_FAULT_CASES (30000) cases a fault; HALLPASS_SPEC_SEED (1); HALLPASS_FAULT_DIR is the scratch folder, whose build
# is used again. A fault counts as caught where the two differ: not where it does not build, nor where anything else fails.
# Three of tools/faults/rust break what an allowed action leaves in the ledger. The reference judges and keeps nothing, so they
# are the differential's with the contract (tools/faults/run.sh).
# With no argument the table goes to proofs/reference-faults.txt.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=${HALLPASS_FAULT_DIR:-${TMPDIR:-/tmp}/hallpass-reference-faults}
export HALLPASS_SPEC_CASES=${HALLPASS_FAULT_CASES:-30000} HALLPASS_SPEC_SEED=${HALLPASS_SPEC_SEED:-1}
export CARGO_TARGET_DIR="$scratch/target" RUST_BACKTRACE=0
only=${1:-}
kept=" rust/06-nonce-bit-not-set rust/07-slide-one-short rust/08-meter-not-written "
copy="$scratch/copy"
clean="$scratch/clean"

rm -rf "$copy" "$clean"
mkdir -p "$copy" "$clean"
git -C "$root" archive HEAD Cargo.toml Cargo.lock clippy.toml bench/signer crates spec | tar -x -C "$clean"
cp -R "$clean/." "$copy"

for fault in "$here"/rust/*.fault "$here"/policy/*.fault; do
  node "$here/apply.mjs" "$fault" "$clean" --check >/dev/null
done

table="$scratch/table"
log="$scratch/log"
survived=0

judge() {
  (cd "$copy" && cargo test --offline -q -p hallpass-spec --test reference --no-run) >"$log" 2>&1 || {
    cat "$log" >&2
    echo "$1 does not build" >&2
    exit 1
  }
  test=$(ls -t "$CARGO_TARGET_DIR"/debug/deps/reference-* | grep -v '\.d$' | head -n 1)
  (cd "$copy/spec/runner" && "$test" --exact the_evaluator_equals_the_reference --nocapture) >"$log" 2>&1
}

{
  echo "Planted faults in the evaluator, each in a copy of the commit, against the reference (spec/reference)"
  echo "commit $(git -C "$root" rev-parse HEAD), $(date -u +%Y-%m-%dT%H:%MZ), seed $HALLPASS_SPEC_SEED, $HALLPASS_SPEC_CASES cases each"
  echo
} | tee "$table"

judge "the clean copy" || { tail -n 60 "$log" >&2; echo "the two differ without any fault" >&2; exit 1; }
printf '%-48s %s\n' "no fault" "agrees" | tee -a "$table"

for fault in "$here"/policy/*.fault "$here"/rust/*.fault; do
  name=${fault#"$here/"}
  name=${name%.fault}
  [ -z "$only" ] || [ "$only" = "${name%%/*}" ] || continue
  case "$kept" in *" $name "*) continue ;; esac
  file=$(node "$here/apply.mjs" "$fault" "$copy")
  if judge "$name"; then
    survived=$((survived + 1))
    verdict="SURVIVED"
  elif grep -q 'the evaluator and the reference disagree' "$log"; then
    verdict="caught"
  else
    survived=$((survived + 1))
    verdict="SURVIVED: the test failed elsewhere"
    tail -n 30 "$log" >&2
  fi
  printf '%-48s %s\n' "$name" "$verdict" | tee -a "$table"
  cp "$clean/$file" "$copy/$file"
done

echo | tee -a "$table"
echo "$survived survived" | tee -a "$table"
if [ -z "$only" ]; then mkdir -p "$root/proofs" && cp "$table" "$root/proofs/reference-faults.txt"; fi
[ "$survived" -eq 0 ]

#!/usr/bin/env bash
# The long differential run: HALLPASS_DIFF_OPS (1000000) operations of HALLPASS_DIFF_SEED (1); its table goes to
# proofs/differential.txt, only where both sides agreed throughout.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export HALLPASS_DIFF_OPS=${HALLPASS_DIFF_OPS:-1000000} HALLPASS_DIFF_SEED=${HALLPASS_DIFF_SEED:-1}
commit=$(git -C "$root" rev-parse HEAD)
judged=(crates/policy crates/types crates/chain contracts/src contracts/artifacts Cargo.lock)
[ -z "$(git -C "$root" status --porcelain -- "${judged[@]}")" ] || commit="$commit and uncommitted changes"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$root"
mkdir -p proofs
cargo test -q -p hallpass-chain --test differential --no-run
begun=$(date +%s)
cargo test -q -p hallpass-chain --test differential -- --exact the_evaluator_and_the_contract_agree --nocapture | tee "$log"
took=$(($(date +%s) - begun))
{
  echo "The evaluator in Rust against the contract's bytecode in revm (crates/chain/tests/differential)"
  echo "commit $commit"
  echo "$(date -u +%Y-%m-%dT%H:%MZ), $took seconds, profile dev with the overrides of Cargo.toml"
  echo
  grep -E '^HALLPASS_DIFF|operations in|batches of|%$' "$log"
  echo
  echo "no disagreement"
} >proofs/differential.txt

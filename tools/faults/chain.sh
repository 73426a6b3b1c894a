#!/usr/bin/env bash
# The long run of evaluator against contracts, in every place (crates/chain/tests/spec): HALLPASS_CHAIN_CASES (6400000) random
# cases, over ten million operations, of HALLPASS_CHAIN_SEED (1); its table goes to proofs/chain.txt, only where both agreed
# throughout.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export HALLPASS_CHAIN_CASES=${HALLPASS_CHAIN_CASES:-6400000} HALLPASS_CHAIN_SEED=${HALLPASS_CHAIN_SEED:-1}
commit=$(git -C "$root" rev-parse HEAD)
[ -z "$(git -C "$root" status --porcelain -- crates contracts/artifacts spec Cargo.lock)" ] || commit="$commit and uncommitted changes"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$root"
mkdir -p proofs
cargo test -q --release -p hallpass-chain --test spec --no-run
begun=$(date +%s)
cargo test -q --release -p hallpass-chain --test spec -- --nocapture random | tee "$log"
took=$(($(date +%s) - begun))
{
  echo "The evaluator against the contracts' bytecode in revm, on random grants and cases, in each place where they enforce"
  echo "commit $commit"
  echo "$(date -u +%Y-%m-%dT%H:%MZ), $took seconds, profile release"
  echo
  grep -E '^HALLPASS_CHAIN|^left out|^ +Delegated|^[a-z_]+ +[0-9]|^Delegated' "$log"
  echo
  echo "no disagreement"
} >proofs/chain.txt

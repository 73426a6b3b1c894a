#!/usr/bin/env bash
# The long run of evaluator against reference: HALLPASS_SPEC_CASES (10000000) cases of HALLPASS_SPEC_SEED (1); its table goes to
# proofs/reference.txt, only where both agreed throughout.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export HALLPASS_SPEC_CASES=${HALLPASS_SPEC_CASES:-10000000} HALLPASS_SPEC_SEED=${HALLPASS_SPEC_SEED:-1}
commit=$(git -C "$root" rev-parse HEAD)
[ -z "$(git -C "$root" status --porcelain -- crates/policy crates/types spec Cargo.lock)" ] || commit="$commit and uncommitted changes"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$root"
mkdir -p proofs
cargo test -q --release -p hallpass-spec --test reference --no-run
begun=$(date +%s)
cargo test -q --release -p hallpass-spec --test reference -- --nocapture | tee "$log"
took=$(($(date +%s) - begun))
{
  echo "The evaluator against the reference written from the prose (spec/reference), on random grants and histories"
  echo "commit $commit"
  echo "$(date -u +%Y-%m-%dT%H:%MZ), $took seconds, profile release"
  echo
  grep -E '^HALLPASS_SPEC|cases:|%$' "$log"
  echo
  echo "no disagreement"
} >proofs/reference.txt

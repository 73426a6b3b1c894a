#!/usr/bin/env bash
# The comparison of evaluator and contracts once more, on bytecode of the same sources without the optimiser: in a copy of the last
# commit, HALLPASS_DIFF_OPS (100000) operations of histories and HALLPASS_CHAIN_CASES (130000) random cases in each place, beside every
# vector; the table goes to proofs/unoptimized.txt, only where both sides agreed throughout.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=${HALLPASS_FAULT_DIR:-${TMPDIR:-/tmp}/hallpass-unoptimized}
export HALLPASS_DIFF_OPS=${HALLPASS_DIFF_OPS:-100000} HALLPASS_DIFF_SEED=${HALLPASS_DIFF_SEED:-1}
export HALLPASS_CHAIN_CASES=${HALLPASS_CHAIN_CASES:-130000} HALLPASS_CHAIN_SEED=${HALLPASS_CHAIN_SEED:-1}
export HALLPASS_CHAIN_GAS=${HALLPASS_CHAIN_GAS:-200000000}
export CARGO_TARGET_DIR="$scratch/target" RUST_BACKTRACE=0
copy="$scratch/copy"
commit=$(git -C "$root" rev-parse HEAD)
rm -rf "$copy"
mkdir -p "$copy" "$root/proofs"
git -C "$root" archive HEAD Cargo.toml Cargo.lock clippy.toml bench/signer crates contracts spec | tar -x -C "$copy"
[ -d "$root/contracts/node_modules" ] || { echo 'run `make tools` first' >&2; exit 1; }
ln -s "$root/contracts/node_modules" "$copy/contracts/node_modules"
(cd "$copy/contracts" && HALLPASS_PROFILE=unoptimized node scripts/artifacts.mjs)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$copy"
cargo test --offline -q -p hallpass-chain --test differential --test spec --no-run
begun=$(date +%s)
cargo test --offline -q -p hallpass-chain --test differential -- --exact the_evaluator_and_the_contract_agree --nocapture | tee "$log"
cargo test --offline -q -p hallpass-chain --test spec -- --nocapture | tee -a "$log"
took=$(($(date +%s) - begun))
sizes=$(cd contracts && node -e '
  for (const name of ["Hallpass7702", "HallpassPocket", "HallpassModule"]) {
    const code = require("./artifacts/" + name + ".json").deployedBytecode.object;
    console.log(name.padEnd(20), (code.length - 2) / 2, "bytes");
  }')
{
  echo "The evaluator against the contracts' bytecode in revm, built without the optimiser"
  echo "commit $commit"
  echo "$(date -u +%Y-%m-%dT%H:%MZ), $took seconds, profile dev"
  echo
  echo "$sizes"
  echo
  grep -E '^HALLPASS|^ +Delegated|^[a-z_]+ +[0-9]|^[0-9]+ operations|^left out' "$log" | grep -v '^running '
  echo
  echo "no disagreement"
} >"$root/proofs/unoptimized.txt"

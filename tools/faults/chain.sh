#!/usr/bin/env bash
# The long run of evaluator against contracts, in every place (crates/chain/tests/spec): HALLPASS_CHAIN_CASES (6400000) random
# cases, over ten million operations, of HALLPASS_CHAIN_SEED (1), into proofs/chain.txt.
. "$(dirname "$0")/long.sh"
export HALLPASS_CHAIN_CASES=${HALLPASS_CHAIN_CASES:-6400000} HALLPASS_CHAIN_SEED=${HALLPASS_CHAIN_SEED:-1}
long chain "The evaluator against the contracts' bytecode in revm, on random grants and cases, in each place where they enforce" \
  hallpass-chain spec random '^HALLPASS_CHAIN|^left out|^ +Delegated|^[a-z_]+ +[0-9]|^Delegated' \
  crates contracts/artifacts spec Cargo.lock

#!/usr/bin/env bash
# The long run of evaluator against reference: HALLPASS_SPEC_CASES (10000000) cases of HALLPASS_SPEC_SEED (1), into
# proofs/reference.txt.
. "$(dirname "$0")/long.sh"
export HALLPASS_SPEC_CASES=${HALLPASS_SPEC_CASES:-10000000} HALLPASS_SPEC_SEED=${HALLPASS_SPEC_SEED:-1}
long reference "The evaluator against the reference written from the prose (spec/reference), on random grants and histories" \
  hallpass-spec reference '' '^HALLPASS_SPEC|cases:|%$' crates/policy crates/types spec Cargo.lock

#!/usr/bin/env bash
# Plants one fault after another of tools/faults/signer in a copy of the last commit, and requires that the signer's tests
# find it. HALLPASS_FAULT_CRASHES (60) crashes a fault; HALLPASS_FAULT_DIR is the scratch folder, whose build is used again.
# With no argument the table goes to proofs/signer-faults.txt; with one, only faults whose names begin so are planted.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=${HALLPASS_FAULT_DIR:-${TMPDIR:-/tmp}/hallpass-signer-faults}
export HALLPASS_CRASHES=${HALLPASS_FAULT_CRASHES:-60} CARGO_TARGET_DIR="$scratch/target" RUST_BACKTRACE=0
copy="$scratch/copy"
clean="$scratch/clean"

rm -rf "$copy" "$clean"
mkdir -p "$copy" "$clean"
git -C "$root" archive HEAD Cargo.toml Cargo.lock clippy.toml bench/signer crates spec | tar -x -C "$clean"
cp -R "$clean/." "$copy"
for fault in "$here"/signer/*.fault; do node "$here/apply.mjs" "$fault" "$clean" --check >/dev/null; done

table="$scratch/table"
log="$scratch/log"
survived=0

judge() {
  (cd "$copy" && cargo test --offline -q -p hallpass-signer --tests --no-run) >"$log" 2>&1 || {
    cat "$log" >&2
    echo "$1 does not build" >&2
    exit 1
  }
  (cd "$copy" && timeout 240 cargo test --offline -q --no-fail-fast -p hallpass-signer --tests) >"$log" 2>&1
}

# The tests that failed, or the one without libtest.
found() {
  { sed -n 's/^    \([a-z_:]*\)$/\1/p' "$log"; sed -n "s/.*thread 'main' .* panicked at .*processes\/\([a-z]*\).rs.*/processes::\1/p" "$log"; } | sort -u | paste -sd, | sed 's/,/, /g'
}

{
  echo "Planted faults in the signer and under it, each in a copy of the commit, against the tests of crates/signer"
  echo "commit $(git -C "$root" rev-parse HEAD), $(date -u +%Y-%m-%dT%H:%MZ), $HALLPASS_CRASHES crashes each"
  echo
} | tee "$table"

judge "the clean copy" || { tail -n 60 "$log" >&2; echo "a test fails without any fault" >&2; exit 1; }
printf '%-36s %s\n' "no fault" "passes" | tee -a "$table"

for fault in "$here"/signer/*.fault; do
  name=$(basename "$fault" .fault)
  [ "${name#"${1:-}"}" != "$name" ] || [ -z "${1:-}" ] || continue
  file=$(node "$here/apply.mjs" "$fault" "$copy")
  if judge "$name"; then
    survived=$((survived + 1))
    verdict="SURVIVED"
  else
    verdict="caught: $(found)"
  fi
  printf '%-36s %s\n' "$name" "$verdict" | tee -a "$table"
  cp "$clean/$file" "$copy/$file"
done

echo | tee -a "$table"
echo "$survived survived" | tee -a "$table"
[ -n "${1:-}" ] || mkdir -p "$root/proofs"
[ -n "${1:-}" ] || cp "$table" "$root/proofs/signer-faults.txt"
[ "$survived" -eq 0 ]

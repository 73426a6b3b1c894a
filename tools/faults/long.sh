# Sourced by cases.sh and chain.sh: a long run in release, whose table goes to proofs/ only where both sides agreed throughout.
#
#   long PROOF TITLE PACKAGE TEST FILTER LINES PATHS...
#
# FILTER names the test functions (empty: all), LINES is the pattern of what belongs to the table, PATHS are what the run depends on.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

long() {
  local proof=$1 title=$2 package=$3 test=$4 filter=$5 lines=$6
  shift 6
  cd "$root"
  local commit log begun took
  commit=$(git rev-parse HEAD)
  [ -z "$(git status --porcelain -- "$@")" ] || commit="$commit and uncommitted changes"
  log=$(mktemp)
  # shellcheck disable=SC2064
  trap "rm -f '$log'" EXIT
  mkdir -p proofs
  cargo test -q --release -p "$package" --test "$test" --no-run
  begun=$(date +%s)
  cargo test -q --release -p "$package" --test "$test" -- --nocapture $filter | tee "$log"
  took=$(($(date +%s) - begun))
  {
    echo "$title"
    echo "commit $commit"
    echo "$(date -u +%Y-%m-%dT%H:%MZ), $took seconds, profile release"
    echo
    grep -E "$lines" "$log" | grep -v "^running"
    echo
    echo "no disagreement"
  } >"proofs/$proof.txt"
}

#!/usr/bin/env bash
# A fixed set of seeds, and those that once found a bug.
# tests/sim/seeds_test.sh SIM
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
sim=$1
count=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

check() {
	local name=$1
	shift
	count=$((count + 1))
	if "$sim" -q "$@" >"$log" 2>&1; then
		echo "ok $count - $name"
		sed 's/^/# /' "$log"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$log"
	fi
}

check 'seeds 1 to 40 keep what must always hold, each twice with the same hash' 1..40
while IFS='#' read -r arguments what; do
	[ -n "${arguments// /}" ] || continue
	# shellcheck disable=SC2086 # options and a seed
	check "seed $arguments:$what" $arguments
done <tests/sim/regressions
echo "1..$count"

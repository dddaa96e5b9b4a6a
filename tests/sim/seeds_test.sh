#!/usr/bin/env bash
# A fixed set of seeds, the real store among them; or with "regressions" those that once found a bug.
# tests/sim/seeds_test.sh SIM [regressions]
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
sim=$1
count=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

check() {
	local name=$1 not='not '
	shift
	count=$((count + 1))
	"$sim" -q "$@" >"$log" 2>&1 && not=''
	echo "${not}ok $count - $name"
	sed 's/^/# /' "$log"
}

fixed() {
	check 'seeds 1 to 20 keep what must always hold, each twice with the same hash' 1..20
	check 'seeds 3 to 6 do so with the real store on a failing disk' --kinds 37 --sqlite 3..6
	check 'many programs at once, while clients, roles and peers change, and commits fail' \
		-n 2 --only PROGRAMS --only RECONFIGURE --only CRASH --only COMMIT_FAILS --only READ_FAILS --only SLOW_DISK 1..8
	check 'quotas and rates, while what they allow changes' --evidence -n 3 \
		--only QUOTAS --only EVIDENCE --only RECONFIGURE --only COMMIT_FAILS --only READ_FAILS --only CRASH 21..24
	check 'what is damaged hinders nobody else, is told, and is as before once it is repaired' \
		-n 3 --only DAMAGE --only CRASH --only RESET --only PROGRAMS --only COMMIT_FAILS 1..8
	check 'what is erased by order is erased in a restored store as well, and its peer gets on' \
		-n 3 --only ERASE --only RESET --only RESTORE 13..14
	check 'a restored peer gets tombstones, and both come to the same' \
		-n 2 --restore-rate 4 --only ERASE --only RESTORE --only DISASTER 6
	check 'evidence of erased cases goes with them' --evidence -n 3 \
		--only ERASE --only EVIDENCE --only RESET 4..6
	check 'power lost at every seventh write or sync: before or after, nothing else' --sweep --every 7 1
}

regressions() {
	while IFS='#' read -r arguments what; do
		[ -n "${arguments// /}" ] || continue
		# shellcheck disable=SC2086 # options and a seed
		check "seed $arguments:$what" $arguments
	done <tests/sim/regressions
}

"${2:-fixed}"
echo "1..$count"

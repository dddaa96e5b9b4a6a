#!/usr/bin/env bash
# Each planted bug of daemon/base/mutant.h is caught by the simulator.
# tests/sim/mutants_test.sh DIRECTORY_WITH_THE_PROGRAMS_THAT_HAVE_THEM [messages|evidence|law]
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
count=0
while read -r name; do
	how=()
	seeds=1..200
	group=messages
	case $name in
	LAW_*)
		group=law
		how=(--law --nodes 10 --days 365) ;;
	RESERVATION_STAYS | HERE_BEFORE_FINISH | HERE_UNHASHED | HOLD_IGNORED | NEVER_OFFERED_SENT | SHARED_DESTROYED | ANOTHERS_EVIDENCE | REPEATED_RECEIPT | UNVERIFIED_DELETED | ORDERS_FORGOTTEN | FATE_FORGOTTEN)
		group=evidence
		how=(--evidence -n 3) ;;
	DESTROYED_AWAITED)
		group=evidence
		how=(--evidence -n 3 --restore-rate 4 --only ERASE --only RESTORE --only EVIDENCE --only CRASH) ;;
	STRAYS_STAY)
		how=(--evidence --restore-rate 4) ;;
	ERASED_COMES_BACK)
		how=(-n 3 --restore-rate 4 --only ERASE --only RESET --only RESTORE --only DISASTER) ;;
	LOST_FORGOTTEN)
		seeds=180..216 ;; # few seeds have it, and these are short
	DAMAGE_STOPS_ALL)
		how=(-n 3 --only DAMAGE --only CRASH --only RESET) ;;
	esac
	[ "${2:-$group}" = "$group" ] || continue
	count=$((count + 1))
	export CY_MUTANT=$name
	test=''
	case $name in
	NO_ROOM_KEPT) program=law_room_test test=what_ends_a_case_has_room ;; # no simulated case grows so long
	TEXTS_KEPT) program=store_years_test test=a_store_is_flat_once_the_times_are_over ;; # no years pass
	esac
	if [ -n "$test" ]; then
		not='not '
		said=$("$1/$program" 2>&1) # fails, as it must
		[[ $said != *'FAILED'*"$test"* ]] || not=''
		echo "${not}ok $count - $name is caught by $test"
		continue
	fi
	if said=$("$1/sim" "${how[@]}" --until-failure --once --quiet "$seeds" 2>&1); then
		echo "ok $count - $name is $said"
	else
		echo "not ok $count - $name is $said"
	fi
done < <(sed -nE 's/^#define CY_MUTANT_([A-Z_]+) .*/\1/p' daemon/base/mutant.h)
echo "1..$count"

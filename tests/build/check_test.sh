#!/usr/bin/env bash
# tests/check, with suites that only say something: what it counts and tells, how long a suite may take, and what
# `make check` builds for those that were chosen.
set -u
# shellcheck source=tests/build/tap.sh
. "$(dirname "$0")/tap.sh"
mkdir -p "$work/tests/unit" "$work/build/tests" "$work/path"
# What the machine takes is told, and measured once only.
sed "s/^\tfor ((i = 0; i < 1000000.*//; s/^\ttook=.*/took=\$TOOK/" tests/check >"$work/tests/check"
export TOOK=0
suite() { # NAME: it says what stands in the input
	: >"$work/tests/unit/$1_test.c"
	{ echo '#!/bin/sh' && cat; } >"$work/build/tests/$1_test"
	chmod +x "$work/build/tests/$1_test"
}
suite fine <<<"printf 'ok 1 - a\nok 2 - b\n'"
suite elsewhere <<<"printf 'ok 1 - a # SKIP no room\nok 2 - b # SKIP no net\nok 3 - c # SKIP no room\nok 4 - d\n'"
suite patience <<<"echo 'ok 1'; echo \$TIME_FACTOR >$work/factor"
suite wrong <<<"printf 'ok 1 - a\nnot ok 2 - b\n'"
suite ends <<<"printf 'ok 1 - a\n'; exit 3"
suite mute <<<'exit 0'
# As two versions of cmocka end: the number of failures, with the name of the group and without.
for group in '' 'tests: '; do
	suite "cmocka${group:+_named}" <<-END
		printf '[       OK ] a\n[  FAILED  ] b\n[  PASSED  ] 1 test(s).\n'
		printf '[  FAILED  ] ${group}1 test(s), listed below:\n[  FAILED  ] b\n\n 1 FAILED TEST(S)\n'
		exit 1
	END
done
# What timeout is told is kept, and the suite runs.
{ echo '#!/bin/sh' && echo "echo \$1 >>$work/limits; shift; exec \"\$@\""; } >"$work/path/timeout"
chmod +x "$work/path/timeout"
check() { # PATTERN [VARIABLE=VALUE...]
	local pattern=$1
	shift
	env PATH="$work/path:$PATH" SANITIZE='' "$@" bash "$work/tests/check" "$work/build" "$pattern" >"$work/out" 2>&1
}
said() { grep -qE -- "$1" "$work/out"; }

check '^unit/(fine|elsewhere)_'
[ "$(tail -n 1 "$work/out")" = '3 passed, 0 failed, 3 skipped' ]
ok 'what is skipped is counted by itself'
said '^ +2 skipped: no room$' && said '^ +1 skipped: no net$'
ok 'with each of its reasons'
! check '^unit/(wrong|ends|mute)_' && [ "$(tail -n 1 "$work/out")" = '2 passed, 3 failed' ] &&
	said '^failed: unit/ends_test unit/mute_test unit/wrong_test$'
ok 'a suite that ends badly, or says nothing, has failed like one that says so'
! check '^unit/cmocka' && [ "$(tail -n 1 "$work/out")" = '2 passed, 2 failed' ]
ok 'a failure that cmocka names twice is one'

for took in 0 1499999 1500000 9000000; do
	check '^unit/patience_' TIME_FACTOR=2 TOOK=$took
	cat "$work/factor"
done | tr '\n' ' ' >"$work/factors"
[ "$(cat "$work/factors")" = '2 2 4 14 ' ]
ok 'a machine that is as quick as usual changes nothing, and one that is six times as slow gives seven times as long'

cp tests/check "$work/tests/"
rm -f "$work/limits"
check '^unit/patience_' TIME_FACTOR=7
factor=$(sed -nE 's/.*TIME_FACTOR is ([0-9]+),.*/\1/p' "$work/out")
[ "$((factor % 7))" = 0 ] && [ "$factor" -ge 7 ]
ok 'the speed of the machine multiplies TIME_FACTOR'
[ "$(cat "$work/factor")" = "$factor" ] && [ "$(cat "$work/limits")" = $((600 * factor)) ] &&
	said "a suite may take $((600 * factor)) s"
ok 'and that is how patient the suites and their limits are'

mkdir -p "$work/tests/e2e"
printf '%s\n' "print('ok 1 - c')" "print('not ok 2 - d')" >"$work/tests/e2e/daemon_test.py"
! check '^(unit/fine_|e2e/)' && [ "$(tail -n 1 "$work/out")" = '3 passed, 1 failed' ] && said '^failed: e2e/daemon$'
ok 'what runs beside the daemons is counted with them'
mkfifo "$work/started"
suite endless <<<"echo \$\$ >$work/started; exec tail -f /dev/null"
printf '%s\n' 'import os, signal' "print(os.getpid(), file=open('$work/started', 'w'))" 'signal.pause()' >"$work/tests/e2e/daemon_test.py"
exec 3<>"$work/started"
env PATH="$work/path:$PATH" bash "$work/tests/check" "$work/build" '^(unit/endless_|e2e/)' >"$work/out" 2>&1 &
read -r one <&3 && read -r other <&3
kill $!
! wait $! && ! kill -0 "$one" 2>/dev/null && ! kill -0 "$other" 2>/dev/null
ok 'and all end with it'
exec 3>&-

! check '^unit/fin_' && said "^no test has a name that matches '\^unit/fin_'"
ok 'a name that no test has is an error'
bash "$work/tests/check" --needs "$work/build" '^unit/(fine|mute)_' >"$work/out" 2>&1 &&
	[ "$(cat "$work/out")" = "$work/build/tests/fine_test"$'\n'"$work/build/tests/mute_test" ]
ok 'what the chosen suites need is told, and none of them runs'

unset MAKEFLAGS MFLAGS
linked() { # PATTERN: the programs that make would link for it from a tree of nothing
	SANITIZE='' make -n V=1 BUILD="$work/none" check TESTS="$1" >"$work/out" 2>&1 &&
		sed -nE "s|^[^\`]* -o $work/none/(\\S+) .*\\.o .*|\\1|p" "$work/out" | sort | uniq -c | awk '{ print $1 ":" $2 }' >"$work/linked"
}
linked '^unit/law_days_test$' && [ "$(cat "$work/linked")" = 1:tests/law_days_test ] && ! said 'CY_MUTANTS|clang'
ok 'for one unit test make builds this one, no planted bug, and nothing by clang'
linked '^fuzz/json$' && [ "$(cat "$work/linked")" = 1:fuzz/tests/fuzz/replay/json ]
ok 'for one target of the fuzzer its replay alone'
linked '^interop/fold$' && [ "$(tr '\n' ' ' <"$work/linked")" = \
	'1:bin/comityctl 1:bin/comityd 1:tests/clocks_tool 1:tests/digests 1:tests/json_tool 1:tests/law_tool ' ]
ok 'for a test of the daemon the two programs, and the tools of its room'
linked . && ! grep -v '^1:' "$work/linked" && [ "$(grep -cE '^1:(bin/comityd|(mutants|tests)/sim|fuzz/tests/fuzz/replay/node)$' "$work/linked")" = 4 ] &&
	[ "$(grep -c '^1:tests/.*_test$' "$work/linked")" = "$(find tests/unit -name '*_test.c' | wc -l)" ]
ok 'for the whole everything, and each program once'
echo "1..$n"
exit $failed

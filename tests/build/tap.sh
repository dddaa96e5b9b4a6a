# shellcheck shell=bash
# Sourced by the tests of this directory: they are run at the top of the tree, count in TAP, and have a directory $work,
# in whose file `out` stands what was said last.
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0
ok() { # NAME: of what was done last
	local status=$?
	n=$((n + 1))
	[ $status = 0 ] && echo "ok $n - $1" && return
	echo "not ok $n - $1"
	[ ! -s "$work/out" ] || head -n 20 "$work/out" | sed 's/^/# /'
	failed=1
}

#!/bin/bash
# What the pages tell people to type: each example of comityctl(1) gets as far as asking
# the daemon, and each command that a page names is there.
# usage: manual_test.sh PATH_OF_COMITYCTL      (TAP on standard output)
set -u

# shellcheck source=tests/ctl/tap.sh
. "$(dirname "$(realpath "$0")")/tap.sh"
top=$(realpath "$here/../..")
export COMITY_SOCKET=$work/none.sock

# What the examples call; who edits fills the form in.
# shellcheck disable=SC2317,SC2329 # the examples call them
comityctl() { "$ctl" "$@"; }
# shellcheck disable=SC2317,SC2329
editor() { sed -i 's/FILL IN/IE/g' "$1"; }

# The commands of the examples, each on a line, without what else a shell does with them.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$top/contrib/man/comityctl.1" |
		sed -n '/^\.Bd/,/^\.Ed/{/^\./!p}' | sed 's/\\e/\\/g' | sed -e ':a' -e '/\\$/{N' -e 's/\\\n *//' -e 'ta' -e '}' |
		sed -e 's/^[[:blank:]]*//' -e 's/ |.*//' | grep -E '^(comityctl|editor) '
}

# It is done, or finds faults in the form, or misses nothing but the daemon.
tried() {
	local got
	(eval "${1/\/etc\/comity\/treaties/$top/config/treaties}") >out 2>err </dev/null
	got=$?
	[ $got -eq 0 ] || grep -q 'cannot reach the daemon' out err || grep -q '^request.json: [0-9]* fault' out
	result $? "$1 (got $got)"
}

echo mail >mailbox.mbox
# shellcheck disable=SC2034 # an example has it from an event
position=1
examples >lines
[ "$(grep -c '^comityctl' lines)" -ge 9 ]
result $? 'the manual has examples'
while read -r line <&3; do
	tried "$line"
done 3<lines

# Whatever stands behind the name of the program, in prose as well.
cat "$top"/README.md "$top"/INSTALL "$top"/proto/PROTOCOL.md "$top"/daemon/*.md "$top"/contrib/man/* \
	"$top"/contrib/systemd/* "$top"/config/comityd.conf | tr '\n' ' ' | sed 's/\\-/-/g' |
	grep -oE '\bcomityctl +[a-z][a-z-]*( +[a-z][a-z-]*)?' | tr -s ' ' | sort -u >named
unknown=
while read -r _ first second; do
	{ "$ctl" help "$first" "$second" && "$ctl" help "$first"; } 2>err | grep -q '^usage: comityctl' ||
		unknown="$unknown '$first $second'"
done <named
[ "$(wc -l <named)" -gt 20 ] && [ -z "$unknown" ]
result $? "each command that a page names is one:${unknown:- all}"

end

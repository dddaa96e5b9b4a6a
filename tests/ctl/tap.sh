# shellcheck shell=bash
# What the tests of comityctl share; the argument of the test is the path of comityctl.
# Each works in a folder of its own, with an answering daemon once it asks for one.

ctl=$(realpath "${1:?usage: $0 PATH_OF_COMITYCTL}")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d) || exit 1
daemon=
# shellcheck disable=SC2317 # reached by the trap
finish() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1
unset COMITY_SOCKET
n=0
failed=0

# result STATUS NAME: one line of TAP; what the command said comes as diagnostics.
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' out err 2>/dev/null
		failed=1
	fi
}

# exits CODE NAME ARGUMENTS...
exits() {
	local want=$1 name=$2 got
	shift 2
	"$ctl" "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq "$want" ]
	result $? "$name (exit $want, got $got)"
}

# says FILE PATTERN NAME
says() {
	grep -q -e "$2" "$1"
	result $? "$3"
}

# begin_fake SCRIPT: start the fake daemon.
begin_fake() {
	local line
	mkdir gen
	protoc -I"$here/../../proto" --python_out=gen "$here"/../../proto/comity/v1/*.proto || exit 1
	mkfifo said
	/usr/bin/python3 "$here/$1" gen fake.sock >said &
	daemon=$!
	exec 3<said
	read -r line <&3
	[ "$line" = ready ]
	result $? 'the fake daemon listens'
	export COMITY_SOCKET=$work/fake.sock
}

# next_said LINE NAME: the fake daemon says this next.
next_said() {
	read -r line <&3
	[ "$line" = "$1" ]
	result $? "$2 ($line)"
}

# The plan, and the exit code.
end() {
	echo "1..$n"
	exit $failed
}

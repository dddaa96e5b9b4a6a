#!/usr/bin/env bash
# The demo as a newcomer meets it: what it prints at its end works as printed, what it leaves running ends with the
# command that it names, and where it cannot work it says why.
# tests/ctl/demo_test.sh PATH_OF_COMITYCTL
# shellcheck source=tests/ctl/tap.sh
. "$(dirname "$0")/tap.sh"
build=$(dirname "$(dirname "$ctl")")
demo=$here/../../contrib/demo/demo

KEEP=1 TMPDIR=$work "$demo" "$build" >out 2>err </dev/null
result $? 'the demo runs to its end'
[ ! -s err ]
result $? 'it says nothing on its standard error'
cp out said
daemons=$(sed -nE 's/^ +kill ([0-9 ]+);.*/\1/p' said)
# shellcheck disable=SC2086 # one argument a daemon
kill -0 $daemons 2>err
result $? 'two daemons go on running, as it says'

# Papers that outlast the demo.
mapfile -t papers < <(sed -n '/^On paper/,/^$/s/^  \([^:]*\): .*/\1/p' said)
[ "${papers[*]##*/}" = 'letter.pdf letter.html case-file.pdf dossier.pdf' ]
result $? 'it says where the letter of the request and the file of the case are'
pdftotext -layout "${papers[0]}" - >out 2>err && grep -q '^Criminal Division' out && grep -q '182-50013 .*Page 1 of ' out &&
	grep -q 'Any person who attempts or conspires' out && grep -q 'openssl cms -verify' out
result $? 'the letter has its letterhead, the request, and the commands that verify it'
# A page begins with a form feed.
pdftotext -layout "${papers[2]}" - 2>err | tr -d '\f' >out && grep -q '^Time line' out && [ "$(grep -c '^Proof' out)" -ge 10 ] &&
	grep -q 'Refusal, IE no. 5' out
result $? 'the file of the case has its time line, and every message with its proof'
# What the daemons' moved clocks made of the second part: the requested side's days before and after the six of the other.
for side in DE FR; do
	pdftotext -layout "$build/demo/record-$side.pdf" - 2>err | tr -d '\f' >out &&
		grep -qE '^DE, requesting +6 days(,.*)? +in all$' out && grep -qE '^FR, requested +24 days(,.*)? +in all$' out &&
		grep -qE '^ +12 days(,.*)? +the request is there, and not acknowledged yet$' out
	result $? "the good-faith record of $side says whose days those were"
done

[ "$(tail -n 2 said | sed -nE '1s/^Stop.*/stop/p; 2s/^  kill .*/kill/p' | tr '\n' ' ')" = 'stop kill ' ]
result $? 'how they are stopped stands at the end'
mapfile -t commands < <(sed -n '/go on running/,/^Stop them/s/^  //p' said)
[ ${#commands[@]} -ge 4 ]
result $? 'it names commands to try'
for command in "${commands[@]}"; do
	(cd / && sh -c "$command") >out 2>err </dev/null
	result $? "as printed: $(sed -E 's|[^ ]*/||g' <<<"$command")"
done
grep -q '^accepted as .* in case ' out && grep -q '^MESSAGE_RECEIVED ' out
result $? 'the page of README.md, which comes last, was answered'
[ "$(sed -nE 's/^  (protoc) -I [^ ]*(proto) (--python_out) [^ ]* [^ ]*(proto\/.*)/\1 -I \2 \3 . \4/p' said)" = \
	"$(grep -oE 'protoc -I proto --python_out [^`]*' "$here/../../README.md")" ]
result $? 'with classes made by the command of README.md'

# What was checked without this software, in the order in which it was printed.
sed -n 's/^  + //p' said >traced
[ "$(grep -c '^openssl cms -verify' traced)" -eq 2 ] && (cd / && sh -e "$work/traced") >out 2>err </dev/null
result $? 'as printed: the commands of openssl and sha256sum'
! grep -q '^  ++' said
result $? 'and no half of a command is printed'

socket=$(grep -m 1 -o '[^ ]*/US-OIA/local.sock' said)
exits 1 'a command that names none of several clients is refused' --socket "$socket" status
says err 'several clients: desk, operator; name one (comityctl --client NAME)$' 'with their names and the option'
exits 1 'and so is one that names another' --socket "$socket" --client clerk status
says err 'but these: desk, operator; name one' 'alike'

# Children of somebody else now: their end is seen by their sockets.
sh -c "$(sed -n '/^Stop them/,$s/^  //p' said)" 2>err
result $? 'the command that stops them works'
# shellcheck disable=SC2086
for pid in $daemons; do tail --pid="$pid" -f /dev/null; done
[ -z "$(ls -d comity-demo.* 2>/dev/null)" ]
result $? 'and nothing is left'

long=$work/$(printf 'a%.0s' {1..90})
mkdir "$long"
! TMPDIR=$long "$demo" "$build" >out 2>err </dev/null
result $? 'where a socket path would be too long the demo fails'
says err 'local.sock.*too long\|too long.*local.sock' 'and says why'
[ -z "$(ls "$long")" ]
result $? 'and leaves nothing'

echo "1..$n"
exit $failed

#!/bin/bash
# What comityctl does: help, exit codes, templates and checks without a daemon,
# then every command against one that answers what the test expects.
# usage: ctl_test.sh PATH_OF_COMITYCTL      (TAP on standard output)
set -u

# shellcheck source=tests/ctl/tap.sh
. "$(dirname "$(realpath "$0")")/tap.sh"

all_help() {
	local words
	for words in submit send check return-deficient inbox 'case list' 'case show' 'message show' status health \
		'peer list' template form 'treaty list' 'treaty show' 'treaty check' 'treaty guide' stats 'peer show' \
		'evidence put' 'evidence get' 'evidence list' 'evidence custody' 'evidence hold' 'evidence release' \
		'evidence fetch' 'evidence check' 'evidence manifest' 'evidence confirm'; do
		# shellcheck disable=SC2086 # a command may have two words
		"$ctl" $words --help >out 2>err || return 1
		# shellcheck disable=SC2086
		"$ctl" help $words >err 2>&1 || return 1
		cmp -s out err || return 1
		grep -q '^usage: comityctl' out || return 1
	done
}

all_kinds_help() {
	local kind
	"$ctl" send --help | sed -n 's/^  \([a-z-]*\)  *\(either\|requesting\|requested\) side$/\1/p' >kinds
	[ "$(wc -l <kinds)" -ge 28 ] || return 1
	while read -r kind; do
		"$ctl" send "$kind" --help >out 2>err </dev/null || return 1
		[ "$(wc -l <out)" -ge 3 ] || return 1
	done <kinds
}

# A form with every place filled in passes the check; as printed it does not.
all_templates() {
	local measure told
	"$ctl" template --list >measures || return 1
	[ "$(wc -l <measures)" -eq 33 ] || return 1
	while read -r measure; do
		"$ctl" template "$measure" >form.json 2>err </dev/null || return 1
		"$ctl" check form.json --no-treaty >out 2>err </dev/null
		[ $? -eq 4 ] || return 1
		grep -q "this still says 'FILL IN'" out || return 1
		sed 's/FILL IN/IE/g' form.json >open.json
		sed 's/"atMs": ""/"atMs": "2026-11-23T10:00:00Z"/' open.json >filled.json
		"$ctl" check filled.json --no-treaty >out 2>err </dev/null || return 1
		# The command that the head of the form names.
		told=$(sed -n "1,4s/.*'comityctl \([^']*\) FILE'.*/\1/p" form.json)
		"$ctl" "${told:?}" filled.json --no-treaty >out 2>err </dev/null || return 1
		# Nobody approves by forgetting a line: the time of printing stands nowhere.
		! grep -q 'Ms": *"*[0-9]' form.json || return 1
		grep -q '"approvals": ' form.json || continue
		"$ctl" check open.json --no-treaty >out 2>err </dev/null && return 1
		grep -q '^content.request.approvals\[0\].atMs: When it was approved is mandatory.$' out || return 1
	done <measures
}

exits 0 'help is given' --help
exits 0 'the version is told' --version
says out '^comityctl [0-9]' 'the version names the program'
exits 2 'no command is a wrong command line'
exits 2 'an unknown command is a wrong command line' frobnicate
exits 2 'a family without a command is a wrong command line' case
says err 'case show' 'the commands of the family are named'
exits 2 'an unknown option is a wrong command line' status --colour
exits 2 'a missing argument is a wrong command line' case show
exits 2 'an option without its value is a wrong command line' submit x.json --key
exits 2 'an unknown kind is a wrong command line' send shout 2026-1
says err 'review-reliance, note$' 'those that there are for people are named, and none that only a daemon states'
! "$ctl" send --help | grep -q '^  \(clock-statement\|reminder\|evidence-statement\) '
result $? 'nor does the help list these'
exits 2 'what only a daemon states is not sent' send clock-statement 2026-1
says err "^comityctl: 'clock-statement' is what the daemon states by itself" 'and said to be so'
exits 2 'a kind that opens a case is not sent into one' send request 2026-1
exits 5 'an unknown measure is not found' template LUNCH

all_help
result $? 'every command explains itself, both ways'
all_kinds_help
result $? 'every follow-up kind lists its fields'
says kinds '^problem-notice$' 'kinds are spelled with hyphens'
"$ctl" send problem_notice --help >out 2>err
says out 'INCOMPLETE_OR_INCORRECT' 'the values of an enum are listed'
"$ctl" send result --help >out 2>err
says out '^  effectedMs  *an instant such as 2026-11-23T10:00:00Z' 'fields have their names of JSON, and instants their form'
all_templates
result $? 'every template is accepted once it is filled in, and not before'

# Treaty profiles: offline, from the tree.
treaties=$here/../../config/treaties
exits 0 'the profiles beside the program are found' treaty list
exits 0 'treaty profiles are listed' treaty list --treaties "$treaties"
says out '^us-ie-2001  *1  *in_force  *2009-08-11' 'the list tells since when an instrument is in force'
says out '^cets-224 .*not_in_force' 'the list tells what is not in force'
"$ctl" --json treaty list --treaties "$treaties" >out 2>err
says out '"instrument":"eio-2014-41".*"digest":"[0-9a-f]\{64\}"' 'a list for programs has digests'
exits 0 'a treaty profile is shown' treaty show eio-2014-41 --treaties "$treaties"
says out '^clock\.decide\.amount = 30$' 'a period is shown'
says out '^rule.*verified = no  # not verified against the primary text$' 'what was not verified is marked'
exits 0 'a version is shown by name' treaty show eio-2014-41 1 --treaties "$treaties"
exits 5 'an unknown version is not found' treaty show eio-2014-41 7 --treaties "$treaties"
exits 5 'an unknown instrument is not found' treaty show lex-rhodia --treaties "$treaties"
says err 'treaty list' 'the sentence says where the ids are'
exits 4 'a directory that is not there is told' treaty list --treaties "$work/none"
says err "$work/none: it cannot be read" 'the sentence names the directory'
exits 0 'every shipped profile passes the check' treaty check "$treaties"/*.conf
sed 's/^	article = "12(3)"$//' "$treaties/eio-2014-41.conf" >bad.conf
exits 4 'a profile without an article is refused' treaty check bad.conf
says err "bad.conf:[0-9]*: option 'clock decide.article': it is missing" 'file, line and option are named'
"$ctl" --json treaty check bad.conf >out 2>err
says out '"line":[0-9]*,"text":"bad.conf' 'problems are printed for programs'
exits 0 'a guide is printed' treaty guide us-ie-2001 DISCLOSURE_TRAFFIC --treaties "$treaties"
says out 'measures\[\].targets' 'the guide says what to fill in'
says out 'insufficient nexus' 'the guide names the grounds for refusal'
says out 'wanted-date' 'the guide names the clocks'
says out 'traffic (DIFFERS)' 'the guide shows what the two states call otherwise'
says out 'not verified against the primary text' 'the guide says what was not verified'
awk 'length($0) > 80 { exit 1 }' out
result $? 'the guide fits a terminal of 80 columns'
exits 0 'a guide is printed as Markdown' treaty guide eio-2014-41 search-and-seizure --markdown --treaties "$treaties"
says out '^## Clocks that will run$' 'Markdown has headings'
"$ctl" --json treaty guide eio-2014-41 PRESERVATION --treaties "$treaties" >out 2>err
python3 -c 'import json; g = json.load(open("out")); assert any(c["article"] == "32(2)" for c in g["clocks"])' 2>err
result $? 'the guide for programs is JSON'
exits 5 'a measure that is not admitted has no guide' treaty guide eio-2014-41 EXTRADITION --treaties "$treaties"
exits 5 'a measure that there is not has no guide' treaty guide eio-2014-41 LUNCH --treaties "$treaties"
exits 2 'one form at a time' --json treaty guide eio-2014-41 PRESERVATION --markdown

exits 3 'a socket that is not there is told as such' --socket "$work/none.sock" status
says err 'cannot reach the daemon' 'the sentence says that the daemon is not reached'
COMITY_SOCKET=$work/other.sock "$ctl" status >out 2>err
says err 'other.sock' 'the socket comes from the environment'
exits 3 'a good file gets as far as the socket' --socket "$work/none.sock" submit filled.json
exits 3 'values set get as far as the socket' --socket "$work/none.sock" send result 2026-1 \
	--set 'results[0].measure=1' --set 'results[0].outcome=executed' --set attachments[0].sha256=hex:00ff \
	--set attachments[0].size=18446744073709551615 --set text=done
exits 2 'a field that there is not is refused' send note 2026-1 --set words=hello
says err '^comityctl: --set words=hello: unknown field. Expected one of text' 'with those that there are'
exits 2 'a field is mistyped' send result 2026-1 --set result[0].measure=1
says err "unknown field: did you mean 'results'?" 'with the one that is near'
exits 2 'an enum value that there is not is refused' send problem-notice 2026-1 --set type=boredom
says err ': unknown ProblemType. Expected one of INCOMPLETE_OR_INCORRECT, ' 'with those that there are'
exits 2 'an enum value is mistyped' send problem-notice 2026-1 --set type=clarificaton
says err ": unknown ProblemType: did you mean 'CLARIFICATION'? Expected one of " 'with the one that is near'
exits 3 'an instant is set with the offset of a zone' --socket "$work/none.sock" send acknowledgement 2026-1 \
	--set receivedMs=2026-11-23T11:00:00+01:00 --set received_ms=1790000000000
exits 2 'an instant that is none is refused' send acknowledgement 2026-1 --set receivedMs=2026-11-23
says err "an instant such as 2026-11-23T10:00:00Z or 2026-11-23T11:00:00+01:00 is expected, not '2026-11-23'" 'with its form'
exits 2 'a gap in a list is refused' send result 2026-1 --set 'results[1].measure=1'
exits 2 'a number that is none is refused' send conditions-accepted 2026-1 --set proposal=one
exits 2 'a number beyond its range is refused' send conditions-accepted 2026-1 --set proposal=4294967296

printf '// a comment\n{"to": "IE",\n  // another\n "ownReference": 5}\n' >wrong.json
exits 4 'a wrong type in the file is told' submit wrong.json
says err '^comityctl: wrong.json: ownReference: ' 'file and path are named'
"$ctl" template PROVISIONAL_ARREST | sed -e 's/FILL IN/IE/g' -e 's/"atMs": ""/"atMs": "2026-11-23T10:00:00Z"/' >arrest.json
sed 's/"ownReference"/"ownReferense"/' arrest.json >wrong.json
exits 4 'a field is mistyped in the file' check wrong.json --no-treaty
says out "^ownReferense: unknown field: did you mean 'ownReference'? Expected one of to, " \
	'and the right one is suggested'
sed 's/"type": "PROVISIONAL_ARREST"/"type": "PROVISIONAL_AREST"/' arrest.json >wrong.json
exits 4 'a value is mistyped in the file' check wrong.json --no-treaty
says out "^content.request.measures\[0\].type: unknown MeasureType: did you mean 'PROVISIONAL_ARREST'? Expected one of .* EXTRADITION, " \
	'the right one is suggested, and all are listed'
sed 's/"ownReference": "IE"/"ownReference": "FILL IN"/' arrest.json >wrong.json
exits 4 'a text is still to be filled in' check wrong.json --no-treaty
says out "^ownReference: this still says 'FILL IN'$" 'and named as in the file'
sed -e 's/"ownReference"/"ownRef"/' -e 's/"type": "PROVISIONAL_ARREST"/"type": "PROVISIONAL_AREST"/' \
	-e 's/"2026-11-23T10:00:00Z"/"yesterday"/' -e 's/"facts": "IE"/"facts": 5, "colour": {"of": "money"}/' \
	-e 's/"subject": "IE"/"subject": "FILL IN"/' arrest.json >wrong.json
exits 4 'names, values and texts that are wrong are told with all that is missing' check wrong.json --no-treaty
for field in ownRef content.request.facts content.request.colour 'content.request.measures\[0\].type' \
	'content.request.approvals\[0\].atMs' content.request.proceeding.subject ownReference; do
	[ "$(grep -c "^$field: " out)" -eq 1 ]
	result $? "once each: $field"
done
says out "^ownRef: unknown field: did you mean 'ownReference'?" 'a name that was cut short is known'
[ "$(sed -n 's/^wrong.json: \([0-9]*\) faults$/\1/p' out)" -eq $(($(wc -l <out) - 3)) ]
result $? 'and all are counted'
says out '^Still empty: Own reference.$' 'and what is still empty is named as the form has it'
"$ctl" --json check wrong.json --no-treaty >out 2>err
[ $? -eq 4 ] && grep -q '"field": "submission.ownRef"' out && grep -q '"field": "submission.own_reference"' out
result $? 'the same as JSON'
exits 4 'submit tells all of what it cannot read' submit wrong.json
[ "$(grep -c '^comityctl: wrong.json: ' err)" -eq 5 ]
result $? 'a line each'
for at in '"2026-11-23T11:00:00.5+01:00"' '"2026-11-23t10:00:00z"' '"1790000000000"' 1790000000000; do
	sed "s/\"2026-11-23T10:00:00Z\"/$at/" arrest.json >at.json
	exits 0 "an approval is dated $at" check at.json --no-treaty
done
for at in '"yesterday"' '"2026-11-23"' '"2026-11-23T10:00:00"' '"FILL IN"' true; do
	sed "s/\"2026-11-23T10:00:00Z\"/$at/" arrest.json >at.json
	exits 4 "an approval is not dated $at" check at.json --no-treaty
	says out '^content.request.approvals\[0\].atMs: expected an instant such as 2026-11-23T10:00:00Z or ' 'and it is said how'
done
for at in 1796033400 '"1796033400"' '"1970-01-21T18:53:53.4Z"' -1; do
	sed "s/\"2026-11-23T10:00:00Z\"/$at/" arrest.json >at.json
	exits 4 "seconds are no instant: $at" check at.json --no-treaty
	says out '^content.request.approvals\[0\].atMs: ' 'and the field is named, once'
	[ "$(grep -c atMs out)" -eq 1 ] || result 1 "$(cat out)"
done
sed 's/"2026-11-23T10:00:00Z"/1796033400/' arrest.json >at.json
"$ctl" check at.json --no-treaty >out 2>err
says out 'atMs: It is 1970-01-21T18:53:53.400Z: .* may be seconds\. Correct it, or write an instant such as 2026-' \
	'what was read is told, what was probably given, and what to do'
sed 's/"2026-11-23T10:00:00Z"/1796033400000000/' arrest.json >at.json
exits 4 'microseconds are no instant' check at.json --no-treaty
says out 'atMs: It lies after the year 9999: .* may be microseconds' 'and it is said of which unit they may be'
while IFS='|' read -r field content <&4; do
	echo "{\"caseRef\": \"2026-1\", \"content\": {$content}}" >at.json
	exits 4 "$field in seconds is no instant" check at.json --no-treaty
	says out "^content.$field: It is 1970-01-21T18:53:53.400Z: " 'and it is told'
done 4<<'END'
acknowledgement.receivedMs|"acknowledgement": {"by": "CENTRAL_AUTHORITY", "reference": "x", "receivedMs": 1796033400}
decision.decidedMs|"decision": {"decidedMs": 1796033400}
result.effectedMs|"result": {"results": [{"measure": 1, "outcome": "EXECUTED"}], "effectedMs": 1796033400}
reviewAttestation.atMs|"reviewAttestation": {"by": "x", "standard": "x", "result": "x", "atMs": 1796033400}
destructionCertificate.atMs|"destructionCertificate": {"result": 1, "method": "x", "certifiedBy": "x", "atMs": 1796033400}
supplement.attachments\[0\].custody\[0\].atMs|"supplement": {"text": "x", "attachments": [{"name": "x", "mediaType": "a/b", "size": 0, "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "custody": [{"holder": "x", "action": "x", "atMs": 1796033400}]}]}
END
for text in "$(cat arrest.json)" "$(grep -v '^ *//' arrest.json | tr '\n' ' ')"; do
	printf '\357\273\277%s\r\n' "$text" >marked.json
	exits 0 'a byte order mark before the text is taken' check marked.json --no-treaty
done
{ printf '\377\376' && iconv -t UTF-16LE arrest.json; } >wide.json
exits 4 'a file in UTF-16 is told' check wide.json --no-treaty
says err '^comityctl: wide.json: it is UTF-16; save it anew as plain text in UTF-8$' 'with what to do'
{ printf '\357\273\277' && cat "$treaties/eio-2014-41.conf"; } >marked.conf
exits 0 'a byte order mark before a treaty profile is taken' treaty check marked.conf
exits 4 'a file that is not there is told' submit nowhere.json
printf '{"to": "IE", "content": {"note": {"text": "x"}' >short.json
exits 4 'a file that ends too early is told' submit short.json
printf '{"to": "IE", "ownReference": "1", "content": {"request": {}}}' >empty.json
while IFS='|' read -r text sentence <&4; do
	printf '%b' "$text" >short.json
	exits 4 "it is no JSON: $text" check short.json --no-treaty
	says err "^comityctl: short.json: $sentence" 'the line where it begins is told, what is wrong, and what is expected'
done 4<<'END'
{"to": "IE"\n// comment\n\n "ownReference": "y"}|line 1: a comma or } is expected behind this: the object that begins in line 1 is open (column 11)$
{"content":\n [1,\n 2\n 3]}|line 3: a comma or \] is expected behind this: the list that begins in line 2 is open (column 2)$
{"content": [\n{"note": 2}\n, "to": 1}|line 3: a comma or \] is expected behind this: the list that begins in line 1 is open (column 6)$
{"content": [1,\n {"note": 2]}|line 2: a comma or } is expected behind this: the object that begins in line 2 is open (column 11)$
{"content": {"note": 1,\n "text": "["\n|line 2: the document ends here, and } is expected behind this: the object that begins in line 1 is open (column 12)$
{"to": \n "IE,\n "ownReference": "y"}|line 2: the text that begins here is not closed in its line: a quote is expected (column 2)$
{"to": \n "IE|line 2: the text that begins here is not closed: a quote is expected (column 2)$
{"to": "IE",\n\n}|line 1: nothing follows this comma: remove it (column 12)$
{"content": [1,\n]}|line 1: nothing follows this comma: remove it (column 15)$
{"to"\n "IE"}|line 1: a colon and a value are expected behind this name (column 5)$
{\nto: "IE"}|line 2: the name of a field is expected here, in double quotes (column 1)$
{"to": }|line 1: a value is expected here (column 8)$
{"to":\n IE}|line 2: this is no value: a text is expected in double quotes, or a number, 
{"to": "IE", // Ireland\n "content": {}}|line 1: this is no JSON: a comment has a line of its own, which begins with // (column 14)$
{"to": "C:\\quay"}|line 1: no such escape: a backslash itself is written \\\\, a quote 
{"to": "IE",\n "to": "US"}|line 2: the same field stands twice in one object (column 2)$
{"to": 2026-03-01,\n "title": "x"}|line 1: this is no value: a text is expected in double quotes, .* (column 8)$
[1true]|line 1: this is no value: .* (column 2)$
{"to": "IE,\r\n "ownReference": "y"}\r\n|line 1: the text that begins here is not closed in its line: a quote is expected (column 8)$
{"to": "a\tb"}|line 1: a text holds a control character: a tab is written .t (column 10)$
{"to": \0000}|line 1: here is the character NUL, which no text file has (column 8)$
[[[[[[[[[[[[[[[[[1,|the document nests too deeply$
[[[[[[[[[[[[[[[[1,|line 1: the document ends here, and \] is expected behind this: .* (column 18)$
{"to": "IE"}\n}|line 2: the document has ended before this: remove it, or a bracket too many (column 1)$
END
: >short.json
exits 4 'an empty file is told' check short.json
says err '^comityctl: short.json: line 1: the document is empty: an object is expected in {}' 'with what is expected'
exits 4 'a check lists every fault' check empty.json --no-treaty
[ "$(grep -c 'content.request' out)" -ge 5 ]
result $? 'five faults and more are told at once'
says out 'Nothing was checked against a treaty' 'and that no treaty was looked at'

exits 4 'without a directory it is checked against the treaties that are shipped' check empty.json
grep -q 'Nothing was checked' out
[ $? -eq 1 ]
result $? 'and nothing else is said'
for instrument in us-ie-2001 untoc; do
	printf '{"to": "IE", "ownReference": "1", "content": {"request": {"requestingState": "US", "requestedState": "IE",
		"legalBasis": {"instrument": "%s", "version": "1", "articles": ["1"]}}}}' "$instrument" >empty.json
	"$ctl" check empty.json >"$instrument.out" 2>err
done
cp us-ie-2001.out out
says out '^content.request.offences: At least one offence is mandatory. (us-ie-2001 4 (not verified against the primary text))$' \
	'what a treaty asks for as well is told with its own article'
says out '^content.request.persons: .* none is named.$' 'and what it does not ask for with none'
grep -q UNTOC out
[ $? -eq 1 ]
result $? 'no other instrument is named'
cp untoc.out out
says out '^content.request.proceeding: .* mandatory. (untoc 18(15)(b) (not verified against the primary text))$' \
	'it is that of the instrument which is named'
says out '^content.request.offences: At least one offence is mandatory.$' 'and nothing is cited for what that one does not ask'
printf '{"caseRef": "1", "content": {"extension": {"estimateDate": "2027-01-01"}}}' >empty.json
"$ctl" check empty.json >out 2>err
says out '^content.extension.reason: This field is mandatory.$' 'of which treaty a case is, a file that continues it does not say'
treaties=$here/../fixtures/treaties
sed 's/"us-ie-2001"/"made-up-2020"/' "$here/../../contrib/demo/request.json" >asked.json
exits 4 'a request is checked against its treaty' check asked.json --treaties "$treaties"
says out '^asked.json: 4 faults$' 'all faults are counted'
says out '^content.request.measures\[1\].necessity: .*DISCLOSURE_TRAFFIC.*(made-up-2020 4(2) (not verified against the primary text))$' \
	'path, measure and article are told, and that it was not verified'
says out '^login_ip_log  *US: subscriber, subpoena; .*  IE: traffic, court order; 5(4)  *-$' 'terms that differ are told'
says out '{"atom": "login_ip_log", "acknowledgedBy": "NAME OF THE OFFICER"}' 'and what to add'
COMITY_TREATIES=$treaties "$ctl" --json check asked.json >out 2>err
[ $? -eq 4 ] && [ "$(grep -c '"field"' out)" -eq 4 ] && grep -A 10 '"theirs"' out | grep -q '"category": "traffic"'
result $? 'the same as JSON, with the treaties of the environment'
exits 4 'a treaty that was not yet in force is told' check asked.json --treaties "$treaties" --date 2019-12-31
says out 'content.request.legalBasis.instrument: .*effective only from 2020-01-01' 'with the day'
exits 4 'a state that is not a party is told' check asked.json --treaties "$treaties" --from-state FR
says out 'legalBasis.instrument: .*FR' 'by its name'
says out 'requestingState: FR is expected' 'and so is a state other than the one in the file'
sed -e 's/"purpose": "Evidence/"useLimits": "This proceeding only.", &/' -e 's/"nexus"/"necessity": "No other source.", &/' \
	-e '/"necessity": "The buyers/d' -e 's/\(messages of this account."\),/\1/' \
	-e 's/"office": "Office of/"categories": ["content"], &/' \
	-e 's/"language": "en"/&, "atomWarnings": [{"atom": "login_ip_log", "acknowledgedBy": "A. Officer"}]/' \
	asked.json >answered.json
exits 0 'a request with all that is asked for is complete' check answered.json --treaties "$treaties" --date 2026-11-30
says out '^answered.json: complete$' 'and said to be'
says out '^login_ip_log .*A. Officer$' 'who acknowledged is shown'
sed 's/"login_ip_log"/"login_ip"/' answered.json >mistyped.json
exits 4 'an atom that no profile knows is mistyped, and no difference of law' check mistyped.json --treaties "$treaties" \
	--date 2026-11-30
says out "^content.request.measures\[1\].atoms\[0\]: No treaty profile here knows a data atom 'login_ip': did you mean 'login_ip_log'? There is: account_holder_name, " \
	'what was meant and what there is are told'
grep -q 'If that is understood' out
[ $? -eq 1 ]
result $? 'nobody is asked to acknowledge it'
sed '0,/"atoms": /s//"dataCategories": ["contnet"], &/' answered.json >mistyped.json
exits 4 'nor does a category that is mistyped pass without its approval' check mistyped.json --treaties "$treaties" --date 2026-11-30
says out "dataCategories\[0\]: 'contnet' is not a category of data under made-up-2020: did you mean 'content'?" 'what was meant is told'
exits 0 'a date that has passed is a warning' check answered.json --treaties "$treaties" --date 2027-01-16
says out '^answered.json: complete, 1 warning$' 'which is counted'
says out '^warning: content.request.urgency.untilDate: 2027-01-15 lies before 2027-01-16, the day on which it is sent: ' 'and names the field'
sed "s/2027-01-15/$(TZ=Etc/GMT+12 date +%F)/" answered.json >today.json
TZ=Etc/GMT+12 exits 0 'today is the day where the command runs' check today.json --treaties "$treaties"
says out '^today.json: complete$' 'and no day that has passed'
TZ=Etc/GMT-14 exits 0 'elsewhere it has passed already' check today.json --treaties "$treaties"
says out '^today.json: complete, 1 warning$' 'which is told'
sed -e 's/"made-up-2020"/"open-2020"/' -e 's/"2027-01-15"/"2016-01-15"/' \
	-e 's/"description": /"wantedByDate": "2006-05-04", &/' answered.json >unheard.json
mkdir open
sed -e 's/^instrument = .*/instrument = "open-2020"/' -e '/^parties = /d' "$treaties/made-up-2020.conf" >open/open-2020.conf
exits 0 'a treaty without parties is a warning' check unheard.json --treaties open --date 2026-11-30
says out '^unheard.json: complete, 5 warnings$' 'beside every date of a past decade'
says out 'legalBasis.instrument: open-2020 (version 1) does not list its parties: it cannot be told here whether it is in force between US and IE' \
	'it is not passed in silence'
"$ctl" --json check unheard.json --treaties open --date 2026-11-30 >out 2>err &&
	[ "$(grep -c '"field"' out)" -eq 5 ] && grep -q '"warnings"' out
result $? 'the same as JSON'
mkdir broken
sed 's/^requirement limits/requirement limits { }\n&/' "$treaties/made-up-2020.conf" >broken/x.conf
exits 4 'a faulty profile is told' check answered.json --treaties broken
says err '^comityctl: broken/x.conf:[0-9]*: ' 'with its line'
exits 4 'a directory that is not there is told' check answered.json --treaties nowhere
exits 2 'a state that is none is a wrong command line' check answered.json --from-state Ireland
exits 2 'a day that is none is a wrong command line' check answered.json --date 2026-02-30

# ------------------------------------------------------ with a fake daemon

begin_fake fake_daemon.py

exits 0 'a message is handed in' send note 2026-1 --set text=hello --key k1
next_said 'submit k1 note' 'its key and kind arrive'
says out '^Message  *019ab3c4' 'its id is printed'
exits 1 'a refusal is told' send note refused --set text=hello --key k2
next_said 'submit k2 note' 'it was asked'
says err '^content.note.text: It is empty. (Art. 1)$' 'a fault stands on its line with its article'
says err '^caseRef: It is closed.$' 'and so does the next'
exits 3 'a lost connection is told' send note lost --set text=hello
says err 'Repeat the same command' 'with what to do'
read -r first <&3
exits 3 'the same command once more' send note lost --set text=hello
next_said "$first" 'has the same key'
exits 3 'another text' send note lost --set text=Hello
read -r line <&3
[ "${#line}" -eq "${#first}" ] && [ "$line" != "$first" ]
result $? 'has another one'
exits 6 'what the daemon cannot do now has an exit code of its own' send note busy --set text=hello --key k3
next_said 'submit k3 note' 'it was asked'
[ "$(cat err)" = 'comityctl: not now: The store cannot commit now.' ]
result $? 'and one sentence'
exits 0 'what was handed in before' send note again --set text=hello
read -r line <&3
says err 'nothing was sent again' 'is told as such'
exits 5 'a case that there is not is not found' case show nothing
[ "$(cat err)" = 'comityctl: refused: There is no such case.' ]
result $? 'what is wrong is said once'
exits 1 'what the role does not allow is refused' status

# -------------------------------------------------------- what was meant

while IFS=: read -r code words sentence <&4; do
	# shellcheck disable=SC2086 # words of a command line
	exits "$code" "there is no such thing: $words" $words
	says err "^comityctl: .*$sentence" 'and what was probably meant is named'
done 4<<'END'
2:cse list:there is no command 'cse': did you mean 'case'?$
2:staus:there is no command 'staus': did you mean 'status'?$
2:case lst:there is no command 'case lst': did you mean 'case list'?$
2:help clock lsit:there is no command 'clock lsit': did you mean 'clock list'?$
2:breakfast:there is no command 'breakfast'\.$
2:case list --per=IE:'case list' has no option --per: did you mean '--peer'?$
2:inbox --jsom:'inbox' has no option --jsom: did you mean '--json'?$
2:send acknowledgment 2026-1:there is no kind 'acknowledgment': did you mean 'acknowledgement'? Expected one of supplement, 
2:send ack 2026-1:there is no kind 'ack': did you mean 'acknowledgement'? Expected one of supplement, .*, acknowledgement, 
5:template DISCLOSURE_SUBSCRIBR:there is no measure 'DISCLOSURE_SUBSCRIBR': did you mean 'DISCLOSURE_SUBSCRIBER'? 'comityctl template --list' shows them$
5:stats --measure PRESERVASION:did you mean 'PRESERVATION'?
5:treaty show us-ie-2011:there is no treaty profile 'us-ie-2011': did you mean 'us-ie-2001'? 'comityctl treaty list' shows them$
END

# ------------------------------------------------------------- empty lists

while IFS=: read -r words sentence <&4; do
	# shellcheck disable=SC2086 # a command may have two words
	"$ctl" --client idle $words >out 2>err </dev/null && [ "$(cat out)" = "$sentence" ]
	result $? "people are told that there is nothing: $words"
	# shellcheck disable=SC2086
	"$ctl" --client idle --json $words >out 2>err </dev/null && [ "$(cat out)" = '{}' ]
	result $? 'and programs get an empty list'
done 4<<'EOF'
case list:There are no such cases.
due:No time limit is due today; 'comityctl due --week' looks further.
due --week:No time limit is due today or in the six days after it.
late:No time limit is over and not met.
clock list 2026-1:The case has no time limits.
evidence list:There is no evidence.
evidence uploads:Nothing is unfinished, and nothing waits to be attached.
cursor list:There are no cursors.
EOF

while IFS=: read -r words sentence <&4; do
	# shellcheck disable=SC2086
	"$ctl" --client idle $words >out 2>err </dev/null && [ ! -s out ] && [ "$(cat err)" = "comityctl: $sentence" ]
	result $? "and so they are, beside the lines that a program reads: $words"
	# shellcheck disable=SC2086
	"$ctl" --client idle --json $words >out 2>err </dev/null && [ ! -s out ] && [ ! -s err ]
	result $? 'which hears nothing'
done 4<<'EOF'
inbox:there are no events
inbox --after 7:there are no events after this position
inbox --cursor desk:every event is acknowledged under the cursor 'desk'
EOF
for form in people programs; do next_said 'acknowledged 100' "under a cursor nothing new is acknowledged, for $form"; done
mkdir empty
exits 4 'a directory without treaty profiles is refused' treaty list --treaties empty
says err 'there are 0 treaty profiles' 'with this sentence'
"$ctl" --client idle peer list >out 2>err </dev/null && [ "$(cat out)" = 'There are no peers in the configuration.' ]
result $? 'people are told that there is nothing: peer list'

# -------------------------------------------------------------- statistics

exits 2 'a day that is none is refused' stats --from 2026-02-29
says err "from requires a day as YYYY-MM-DD, not '2026-02-29'" 'with what is expected'
exits 2 'days in the wrong order are refused' stats --from 2026-03-01 --to 2026-02-28
exits 5 'an unknown type of measure is not found' stats --measure LUNCH
exits 2 'a smallest count without publication is refused' stats --smallest 3
exits 2 'a smallest count that hides nothing is refused' stats --publish --year 2025 --smallest 1
exits 2 'what is published is of a year' stats --publish
says err '--publish requires --year' 'and that is asked for'
exits 2 'a year and days exclude each other' stats --year 2025 --from 2025-02-01
exits 2 'a year that is none is refused' stats --year 12
exits 2 'one form excludes the other' --json stats --csv
exits 0 'statistics are shown' stats --from 2026-01-01 --to 2026-03-31 --peer IE --instrument us-ie-2001 \
	--measure disclosure-content
next_said 'statistics 2026-01-01 2026-03-31 IE us-ie-2001 DISCLOSURE_CONTENT 0' 'for what is asked'
says out '^Sent  *2026-01-01 to 2026-03-31$' 'with the days'
says out '^all  *9  *4  *5  *0  *0  *0  *0  *0  *0$' 'outcomes stand in a row'
says out '^acknowledge  *all  *9  *3\.0  *12\.5$' 'days to a step with their percentiles'
says out '^all  *them  *2  *1  *1  *50 %  *0$' 'time limits with the share that was met, and whose they are'
says out '^DISCLOSURE_CONTENT  *ne_bis_in_idem  *2$' 'refusals with their ground'
! grep -q '^execute' out
result $? 'and no step that never happened'
exits 0 'statistics are given as CSV' stats --csv
next_said 'statistics     MEASURE_TYPE_UNSPECIFIED 0' 'of everything'
[ "$(head -1 out)" = 'direction,measure,figure,value' ] && ! grep -qv '^[a-z]*,[A-Za-z_]*,[a-z0-9_]*,[a-z0-9.]*$' out
result $? 'four columns a line'
says out '^out,all,acknowledge_p90_days,12\.54$' 'days as decimals'
says out '^out,DISCLOSURE_CONTENT,ground_ne_bis_in_idem,2$' 'grounds by name'
exits 0 'what is published hides small counts' stats --publish --year 2025 --csv
next_said 'statistics 2025-01-01 2025-12-31   MEASURE_TYPE_UNSPECIFIED 5' 'below five'
says out '^out,DISCLOSURE_CONTENT,refused,\*$' 'a hidden count is a star'
says out '^out,DISCLOSURE_CONTENT,decide_p50_days,\*$' 'a hidden median, too'
exits 0 'the smallest count is chosen' --json stats --publish --year 2025 --smallest 10
next_said 'statistics 2025-01-01 2025-12-31   MEASURE_TYPE_UNSPECIFIED 10' 'and asked for'
/usr/bin/python3 -c '
import json
g = json.load(open("out"))["groups"]
assert g[0]["counts"][0] == {"name": "requests", "count": "7"}, g[0]
assert g[1]["counts"][1] == {"name": "refused"}, g[1]
'
result $? 'a count that is hidden is absent in JSON'
exits 0 'a peer is shown' peer show IE --client good
next_said 'statistics   IE  MEASURE_TYPE_UNSPECIFIED 0' 'with all that was asked of it'
says out '^State  *connected for 3h12m$' 'its state'
says out '^acknowledge  *all  *9  *3\.0  *12\.5$' 'and the days that it took'
exits 0 'a peer is given as JSON' --json peer show IE --client good
next_said 'statistics   IE  MEASURE_TYPE_UNSPECIFIED 0' 'as well'
[ "$(wc -l <out)" -eq 2 ]
result $? 'in two lines'
exits 5 'a peer that there is not is not found' peer show XX --client good

# ------------------------------------------------- what the operator sees

export TZ=Europe/Rome
# fits NAME: out fits on a screen of 24 lines of 80 columns; only remarks are wider.
fits() {
	[ "$(fold -w 80 out | wc -l)" -lt 24 ] && ! grep -qE '^[^ ].{80}' out
	result $? "$1"
}
exits 0 'the state of the service is shown' status --client good
fits 'on one screen'
says out '^US-OIA  OK  comityd 0.1.0, up 3d4h  Tue 24 Nov 2026 03:14:07 CET$' 'verdict first, in local time'
says out '^Store  *ok, 1204331 messages, database 3.0 GiB, WAL 12 MiB$' 'with the store'
says out '^Disk  *41 GiB of 98 GiB free (41 %)$' 'its disk'
says out '^Certificates  *TLS 212d (24 Jun 2027); signing 34d (28 Dec 2026)$' 'our certificates'
says out '^IE  *connected  *00:02 3h12m  *2m  *0  *-  *84ms -120ms  *212d ok$' 'and the peer, with ages'

exits 1 'what nobody has read for too long warns' health --client unread
says out '^COMITY WARNING - Incoming: 2 messages unread, in 1 case, the oldest for 1d1h: IE/' 'and names it'
says out ' unread=2;;;0 unread_age=90000s;;;0 ' 'with the figures'
exits 0 'what is new warns nobody' health --client new
exits 0 'and is on the screen' status --client new
fits 'on one screen'
says out '^Incoming  *1000+ messages unread, in 7 cases, the oldest for 1h$' 'with its number'
exits 0 'trouble is shown' status --client troubled
fits 'on one screen with its remarks'
says out '^US-OIA  CRITICAL ' 'the verdict is the worst'
says out '^Store  *CRITICAL: the disk is full' 'the store says what to do'
says out '^Clock  *CRITICAL: not trusted: jumped' 'so does the clock'
says out '^Disk  *WARNING: 7.0 GiB of 98 GiB free (7 %)' 'and the disk'
grep -E '^(DE|FR|PT|IE) ' out | cut -c1-2 | tr '\n' ' ' >order
[ "$(cat order)" = 'DE FR PT IE ' ]
result $? 'the troubled peers come first, then those not connected'
says out '^  CRITICAL: refused for 2d: certificate refused: DE: certificate revoked' 'a refusal with its reason'
says out '14 messages wait, the oldest for 5h$' 'and what waits'
says out '^  WARNING: its clock is 45s ahead of ours; its certificate has 9 days left; its CRL was due 3h' \
	'all remarks on a peer in one line'
says out '^  disconnected for 4m: no answer$' 'what is no trouble yet is told without a verdict'
! LC_ALL=C grep -q "$(printf '\033\|\302\233\|\342\200\256')" out
result $? 'nothing that could harm a terminal is printed'
exits 0 'many peers are shown' status --client many
fits 'on one screen'
says out '^ZA  *disconnected' 'the troubled one, the last in the configuration, first'
says out '^and 192 more, 0 of them with a remark: comityctl peer list$' 'and a count of the rest'
exits 0 'all peers are listed' peer list --client many
[ "$(wc -l <out)" -eq 202 ]
result $? 'each on a line'
says out '^ZA  *disconnected .*disconnected for 3h12m: no answer; 3 messages wait, the oldest for 1h$' 'with the same remark'
exits 0 'status is given as JSON' --json status --client troubled
/usr/bin/python3 -c '
import json, sys
s = json.load(open("out"))
assert s["peers"][1]["state"] == "refused" and s["peers"][1]["waiting"] == "14"
assert "roundTripMs" not in s["peers"][3] and s["peers"][0]["roundTripMs"] == "84"
assert s["diskFreeBytes"] == str(7 << 30)
'
result $? 'with what is unknown left out'

exits 0 'health is OK' health --client good
[ "$(wc -l <out)" -eq 1 ]
result $? 'in one line'
says out '^COMITY OK - US-OIA: 1 of 1 peers connected, 0 messages wait |' 'as a plugin prints it'
says out '| connected=1;;;0;1 waiting=0;;;0 oldest=0s;1800;14400;0 .* cert_days=34;30:;7:;0 disk_free=41%;10:;5:;0;100 ' \
	'with the figures'
exits 1 'a threshold warns' health --client good --warn-cert-days 40
says out '^COMITY WARNING - Certificates: signing 34d (28 Dec 2026); TLS 212d (.*) |' 'and says of what'
exits 2 'another is critical' health --client good --warn-disk 60 --crit-disk=50
exits 2 'trouble is critical' health --client troubled
[ "$(tr -cd '|' <out)" = '|' ] && [ "$(wc -l <out)" -eq 1 ]
result $? 'whatever a peer says, there is one bar and one line'
says out '^COMITY CRITICAL - Store: the disk is full.*; Clock: .*; Process: .*; DE: .*; Disk: .*; and 2 more' 'the worst first'
exits 1 'a refused certificate warns at once' health --client refused
says out '^COMITY WARNING - DE: refused for 1s: certificate refused: DE: certificate revoked |' 'with the reason'
exits 1 'sessions that come and go warn' health --client flapping
says out '^COMITY WARNING - DE: 7 sessions ended within an hour |' 'with their number'
exits 0 'a time may have a unit' health --client good --warn-down 2h --crit-down 1d
exits 3 'a time that is none is UNKNOWN' health --client good --warn-age soon
says out '^COMITY UNKNOWN' 'on standard output'
exits 3 'thresholds the wrong way round are UNKNOWN' health --client good --crit-age 5m
says err '^comityctl: --crit-age 5m would be critical before --warn-age 30m warns$' 'and said to be so'
exits 3 'a refusal is UNKNOWN' health
says out '^COMITY UNKNOWN - .*role' 'with the reason'
exits 3 'no answer in time is UNKNOWN' health --client slow --timeout 1
exits 3 'no daemon is UNKNOWN' --socket "$work/none.sock" health
says out '^COMITY UNKNOWN - .*cannot reach the daemon' 'with the reason'

exits 0 'all pages of cases are listed' case list
[ "$(wc -l <out)" -eq 1003 ]
result $? 'each on one line between the heading and the number of cases'
[ "$(tail -n 1 out)" = '900 open, 101 closed.' ]
result $? 'which tells open from closed ones'
shown() { sed -n "$1s/  *US .*//p" out; }
[ "$(shown 2)" = 'twice, 019ab3c4-2c00-7000-8000-000000000009' ] && [ "$(shown 3)" = '2026-7' ] &&
	grep -n '2026-11-23 IE, late' out | grep -q '^2:' && grep -n '2026-11-25 IE' out | grep -q '^3:'
result $? 'the open ones first, in the order in which they are due'
[ "$(shown 4)" = 019ab3c4-2c00-7000-8000-0000000003e7 ] && [ "$(shown 5)" = 019ab3c4-2c00-7000-8000-000000000001 ]
result $? 'that of the second page of time limits before those without one'
grep -q '^twice, 019ab3c4-2c00-7000-8000-000000000008 ' out && [ "$(grep -c 'CLOSED' <(sed 1,901d out))" -eq 101 ]
result $? 'a shared reference comes with the id, and the closed ones come last'
! LC_ALL=C grep -q "$(printf '\033\\|\302\233\\|\342\200\256')" out
result $? 'nothing that could harm a terminal is printed'
exits 0 'the same as JSON' --json case list
! LC_ALL=C grep -q "$(printf '\033\\|\302\233\\|\342\200\256')" out
result $? 'nor in JSON'

on_terminal() { /usr/bin/python3 "$here/terminal.py" "$@" >out 2>err; }
for columns in 60 80 160 220; do
	on_terminal $columns "$ctl" case list
	result $? "cases are listed on a terminal of $columns columns, and no line is wider"
	# One reference has 80 columns.
	[ ! -s err ] && [ "$(grep -c '…$' out)" -eq $((columns < 80 ? 6 : 5)) ] && grep -q 'Übersetzung.*…$' out && grep -q '東京.*…$' out &&
		grep -q 'طلب.*…$' out && grep -q 'e\(́e\)*́…$' out
	result $? 'long titles are cut, and no character in the middle'
	grep -q 'twice, 019ab3c4-2c00-7000-8000-000000000008' out && grep -q 'MLA/2026/4711' out && grep -q '7, 1 unread' out
	result $? 'and nothing but titles'
done
on_terminal 80 "$ctl" case list && mv out shown && on_terminal 0 "$ctl" case list && cmp -s out shown
result $? 'a terminal that does not say how wide it is counts as one of 80 columns'

unspaced() { tr -d ' \n' <"$1"; }
for columns in 60 80; do
	while read -r words <&4; do
		# shellcheck disable=SC2086 # words of a command line
		on_terminal $columns "$ctl" --client troubled $words && [ -s out ] && ! grep -q … out
		result $? "no line is wider than $columns columns: $words"
		# shellcheck disable=SC2086
		mv out shown && "$ctl" --client troubled $words >out 2>err </dev/null && unspaced shown | cmp -s - <(unspaced out)
		result $? 'and every word of it is there, in its order'
	done 4<<'END'
due
late
clock list 2026-1
peer list
case show whole
inbox --limit 3
END
	on_terminal $columns "$ctl" stats
	result $? "statistics are shown on $columns columns"
	next_said 'statistics     MEASURE_TYPE_UNSPECIFIED 0' 'which are asked for once'
	on_terminal $columns "$ctl" cursor list && [ "$(grep -c 'desk-of-the-central' out)" -eq 3 ]
	result $? "cursors are listed on $columns columns"
	on_terminal $columns "$ctl" treaty list --treaties "$treaties" && grep -q '^made-up-2020 ' out
	result $? "treaty profiles are listed on $columns columns"
done

exits 0 'a cursor prints what is not acknowledged' inbox --cursor desk
[ "$(wc -l <out)" -eq 1200 ]
result $? 'every event once, on one line'
for position in 600 1100 1300 1300; do
	next_said "acknowledged $position" 'printed events are acknowledged'
done
exits 0 'a subscription that follows ends at its limit' inbox --cursor desk --follow --limit 700 --json
[ "$(wc -l <out)" -eq 700 ]
result $? 'with as many events as asked'
line=
while [ "$line" != 'acknowledged 800' ] && read -r line <&3; do :; done
[ "$line" = 'acknowledged 800' ]
result $? 'and these are acknowledged'

"$ctl" inbox --cursor desk 2>err | tail -n 1 >out
says out '^1300 .*Z  019ab3c4-2c00-7000-8000-000000000002 with US: message received, .* #1300, message 019ab' \
	'into a pipe the same is printed, as words that belong together'
says err "--cursor 'desk' --ack 1300\$" 'and it is said how it is acknowledged'
exits 0 'by the program that has dealt with it' inbox --cursor desk --ack 1234
# The last events of before were acknowledged twice: the second time the answer is waited for.
next_said 'acknowledged 800' 'before it nothing else is said'
next_said 'acknowledged 1234' 'and by nothing else'
[ ! -s out ]
result $? 'which prints nothing'
exits 2 'an acknowledgement wants a cursor' inbox --ack 5
exits 2 'and prints no events' inbox --ack 5 --cursor desk --follow

exits 0 'a message is saved with its proof' message show 019ab3c4-2c00-7000-8000-000000000001 --save proof
[ "$(find proof -type f | wc -l)" -eq 3 ] && (cd proof && sha256sum --check --ignore-missing --status manifest)
result $? 'its digest is the one in the manifest'
exits 0 'once more' message show 019ab3c4-2c00-7000-8000-000000000001 --save proof
rm proof/manifest
mkfifo proof/manifest
exec 9<>proof/manifest
exits 4 'nothing but a file is replaced' message show 019ab3c4-2c00-7000-8000-000000000001 --save proof
exec 9<&-
[ -p proof/manifest ] && grep -q '^comityctl: proof/manifest: it is a named pipe' err
result $? 'and it is said what it is'
exits 0 'its signed bytes are written as they are' message show 019ab3c4-2c00-7000-8000-000000000001 --raw
[ "$(cat out)" = 'signed bytes' ]
result $? 'and nothing else'

end

#!/bin/bash
# What `comityctl evidence` does: files as they come, good and bad, against a daemon
# that answers what the test expects, breaks off, and lies.
# usage: evidence_test.sh PATH_OF_COMITYCTL      (TAP on standard output)
set -u

# shellcheck source=tests/ctl/tap.sh
. "$(dirname "$(realpath "$0")")/tap.sh"
message=019ab3c4-2c00-7000-8000-000000000001

# json NAME EXPRESSION: true of the last answer, whose lines are `docs`.
json() {
	/usr/bin/python3 -c '
import base64, hashlib, json, sys
text = open("out").read()
try:
    docs = [json.loads(text)]
except ValueError:
    docs = [json.loads(line) for line in text.splitlines()]
sha = lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode()
read = lambda name: open(name, "rb").read()
sys.exit(not eval(f"({sys.argv[1]})"))' "$2" 2>>err
	result $? "$1"
}

# piped CODE NAME ARGUMENTS...: as exits, but standard input is that of the caller.
piped() {
	local want=$1 name=$2 got
	shift 2
	"$ctl" "$@" >out 2>err
	got=$?
	[ "$got" -eq "$want" ]
	result $? "$name (exit $want, got $got)"
}

printf 'account records\n' >records.csv
head -c 3145728 /dev/zero | tr '\0' 'm' >mailbox.mbox
: >empty.txt
mkdir dir

# ------------------------------------------------------- without a daemon

exits 2 'evidence wants a command' evidence
says err 'evidence put' 'and says which there are'
exits 2 'put wants a file' evidence put
exits 4 'a file that is not there is told' evidence put nowhere.csv
says err '^comityctl: nowhere.csv: No such file' 'by its name'
exits 4 'a directory is told' evidence put dir
says err 'tar -C dir -c \. | comityctl evidence put - --name NAME.tar' 'with what to do'
exits 2 'standard input needs a name' evidence put -
says err '\-\-name mailbox.mbox' 'and the sentence says how'
exits 2 'a name that is a path is refused' evidence put records.csv --name a/b
exits 2 'a name that is too long is refused' evidence put records.csv --name "$(printf '%0256d' 0)"
says err '1 to 255 bytes' 'with the limit'
exits 2 'a name that is no UTF-8 is refused' evidence put records.csv --name "$(printf 'a\377')"
exits 2 'a name with control characters is refused' evidence put records.csv --name "$(printf 'a\tb')"
exits 2 'a name that is a directory is refused' evidence put records.csv --name ..
cp records.csv "$(printf 'r\377.csv')"
exits 2 'a file whose name is no UTF-8 needs another' evidence put "$(printf 'r\377.csv')"
says err "^comityctl: 'r.xff.csv' .*--name NAME" 'which is told harmlessly'
exits 2 'one name for two files is refused' evidence put records.csv mailbox.mbox --name x
exits 2 'a media type that is none is refused' evidence put records.csv --media-type csv
exits 2 'a day that is none is refused' evidence put records.csv --retain-until 2026-02-29
for record in 'J. Roe;acquired;tool' 'J. Roe;acquired;tool;yesterday' ';acquired;;2026-11-23T10:00:00Z' 'a;b;c;d;e'; do
	exits 2 "a custody record as '$record' is refused" evidence put records.csv --custody "$record"
done
exits 3 'a good file gets as far as the socket' --socket none.sock evidence put records.csv
says err 'cannot reach the daemon' 'which is not there'
if [ "$(id -u)" -ne 0 ]; then
	chmod 000 records.csv
	exits 4 'a file that may not be read is told' evidence put records.csv
	says err 'no permission' 'as such'
	chmod 600 records.csv
fi
for reference in "$message" "$message/0" "$message/x" "$message/1001" "nothing/1"; do
	exits 2 "'$reference' names no attachment" evidence get "$reference"
done
exits 2 'a hold wants its reason' evidence hold "$message/1"
exits 2 'to fetch again wants its reason' evidence fetch "$message/1"
says err '\-\-reason' 'and says so'

# What travels as a disk is only described.
exits 2 'a manifest wants its medium' evidence manifest records.csv
exits 0 'a manifest is made without a daemon' --socket none.sock evidence manifest records.csv empty.txt \
	--medium 'WD disk 123' --exhibit 7 --atom login_ip_log --atom account --category traffic \
	--custody 'J. Roe;acquired;FTK 4.7;2026-11-23T10:00:00Z' --custody 'A. Clerk;sealed;;2026-11-24T08:30:00.500Z'
json 'it has digests, medium and what was said' '
[a["name"] for a in docs[0]["attachments"]] == ["records.csv", "empty.txt"] and
all(a["sha256"] == sha(read(a["name"])) and a["medium"] == "WD disk 123" and "chunkRoot" not in a
    for a in docs[0]["attachments"]) and
docs[0]["attachments"][0] == {**docs[0]["attachments"][0], "size": "16", "exhibit": "7", "dataCategory": "traffic",
    "atoms": ["login_ip_log", "account"], "mediaType": "application/octet-stream",
    "custody": [{"holder": "J. Roe", "action": "acquired", "tool": "FTK 4.7", "atMs": "2026-11-23T10:00:00.000Z"},
                {"holder": "A. Clerk", "action": "sealed", "atMs": "2026-11-24T08:30:00.500Z"}]} and
docs[0]["attachments"][1]["size"] == "0"'
cp records.csv dir/
exits 2 'two files of one name on a medium are refused' evidence manifest records.csv dir/records.csv --medium x

# Into a file that submit and send take.
exits 0 'a manifest goes into a file' evidence manifest records.csv --medium x --output body.json
exits 0 'and another one behind it' evidence manifest empty.txt --medium x --output body.json
cp body.json out
json 'both are there' '[a["name"] for a in docs[0]["attachments"]] == ["records.csv", "empty.txt"]'
printf '{"caseRef": "2026-1", "content": {"result": {"text": "Done."}}}' >submission.json
exits 0 'a submission gets its attachment' evidence manifest records.csv --medium x --output submission.json
cp submission.json out
json 'inside of what it says' 'docs[0]["content"]["result"]["attachments"][0]["name"] == "records.csv" and
docs[0]["content"]["result"]["text"] == "Done."'
printf '{\n  // a comment\n  "text": "x"\n}\n' >commented.json
exits 4 'a file with comments is left alone' evidence manifest records.csv --medium x --output commented.json
says err 'comments' 'and it is told why'
printf '{"attachments": 5}' >wrong.json
exits 4 'a file that is wrong is left alone' evidence manifest records.csv --medium x --output wrong.json
says err '^comityctl: wrong.json: attachments: a list is expected' 'with the field'

# ------------------------------------------------------ with a fake daemon

begin_fake fake_evidence.py

exits 0 'a file is handed over' evidence put records.csv --exhibit 7 --retain-until 2030-12-31
read -r line <&3
[[ $line =~ ^file\ file-[0-9a-f]{32}\ 16$ ]]
result $? "open, under a key of its own ($line)"
first=$line
says out "^SHA-256  *$(sha256sum records.csv | cut -c 1-64)$" 'its digest is printed'
says out '^Exhibit  *7$' 'with what was said about it'
[ ! -s err ]
result $? 'and no bar where there is no terminal'
exits 0 'a second time' evidence put records.csv
next_said "$first" 'it has the same key'
touch -d '2026-01-01' records.csv
exits 0 'changed, it is handed over anew' evidence put records.csv
read -r line <&3
[[ $line != "$first" && $line =~ ^file\ file- ]]
result $? 'under another key'
exits 0 'several files are handed over' --json evidence put records.csv mailbox.mbox empty.txt --send-always
json 'an attachment a line, as a message has it' '
[a["name"] for a in docs] == ["records.csv", "mailbox.mbox", "empty.txt"] and
all(a["sha256"] == sha(read(a["name"])) and a["chunkBytes"] == 1048576 and a["sendAlways"] and
    len(base64.b64decode(a["chunkRoot"])) == 32 and a["size"] == str(len(read(a["name"]))) for a in docs)'
for _ in 1 2 3; do read -r line <&3; done

exits 0 'a file is streamed' --json evidence put mailbox.mbox --stream --key s1
next_said 'open s1 3145728 at 0' 'with its size'
next_said 'stream s1 3145728' 'and its digest'
json 'which is the right one' 'docs[0]["sha256"] == sha(read("mailbox.mbox"))'
exits 0 'an empty file is streamed' evidence put empty.txt --stream --key s2
next_said 'open s2 - at 0' 'without a size'
next_said 'stream s2 0' 'and with no bytes'
piped 0 'a pipe is streamed' --json evidence put - --name mail.mbox --key s3 < <(cat mailbox.mbox records.csv)
next_said 'open s3 - at 0' 'without a size'
next_said 'stream s3 3145744' 'to its end'
json 'under its name' 'docs[0]["name"] == "mail.mbox" and docs[0]["sha256"] == sha(read("mailbox.mbox") + read("records.csv"))'
piped 0 'a redirected file is handed over open' evidence put - --name mail.mbox <mailbox.mbox
read -r line <&3
[[ $line =~ ^file\ file- ]]
result $? 'as it is a file'

exits 3 'a connection that breaks is told' evidence put mailbox.mbox --stream --key cut1
says err '^Repeat the same command: it goes on where it was interrupted.$' 'with what to do'
next_said 'open cut1 3145728 at 0' 'it began'
exits 0 'the same command goes on' --json evidence put mailbox.mbox --stream --key cut1
next_said 'open cut1 3145728 at 1048576' 'where it stopped'
next_said 'stream cut1 3145728' 'to the end'
json 'and the digest is that of the whole' 'docs[0]["sha256"] == sha(read("mailbox.mbox"))'
piped 3 'a pipe breaks' evidence put - --name x --key cut2 < <(cat mailbox.mbox)
says err '^Repeat the same command' 'it has a key'
next_said 'open cut2 - at 0' 'it began'
piped 4 'a shorter pipe under the same key is refused' evidence put - --name x --key cut2 <<<short
says err 'has 6 bytes, but 1048576 are there already under the key cut2: .* another --key' 'with what to do'
next_said 'open cut2 - at 1048576' 'it was asked'
piped 1 'other bytes under the same key are refused' evidence put - --name x --key cut2 \
	< <(head -c 2097152 /dev/zero)
next_said 'open cut2 - at 1048576' 'it was asked'
says err 'not what is stated' 'by the digest of the whole'
piped 3 'a pipe without a key breaks' evidence put - --name x < <(cat mailbox.mbox)
says err '^A pipe begins again from its first byte; with --key KEY it would go on.$' 'and it is said what would help'
read -r line <&3
exits 2 'a key for two files is refused' evidence put mailbox.mbox mailbox.mbox --stream --key q
head -c 9437184 /dev/zero >large.img
exits 1 'what is over the quota is refused' evidence put large.img
says err '^comityctl: refused: The quota' 'with the daemon'"'"'s sentence'
exits 1 'and refused while it is streamed' evidence put large.img --stream --key q
says err '^comityctl: refused: The quota' 'at once'
read -r line <&3
exits 0 'progress is told by lines where it is asked for' evidence put mailbox.mbox --progress
says err '^mailbox.mbox  3.0 MiB of 3.0 MiB  100 %' 'with bytes and percent'
read -r line <&3
exits 0 'also of a stream' evidence put mailbox.mbox --stream --key s4 --progress
says err '^mailbox.mbox  3.0 MiB of 3.0 MiB  100 %' 'to its end'
read -r line <&3
read -r line <&3
script -qec "stty cols 60; '$ctl' evidence put mailbox.mbox" /dev/null >screen 2>&1 </dev/null
tr '\r' '\n' <screen | sed 's/\x1b\[K//g' | grep '%' >out
[ -s out ] && awk 'length($0) > 59 { exit 1 }' out
result $? 'a bar fits the terminal'
read -r line <&3

# --attach: handed over and attached at once.
exits 0 'a message takes files along' send result 2026-1 --set text=Done. --attach records.csv --attach empty.txt --exhibit 9
read -r line <&3
read -r line <&3
next_said 'submit result records.csv:16:9:32 empty.txt:0:9:32' 'with digests and what is said about them'
exits 0 'so does a file' submit submission.json --attach empty.txt
read -r line <&3
next_said 'submit result records.csv:16::0 empty.txt:0::32' 'behind what it has'
exits 2 'a kind without attachments takes none' send note 2026-1 --set text=x --attach records.csv
exits 4 'a file that is not there is not sent' send result 2026-1 --set text=x --attach nowhere

# ------------------------------------------------------------------- out

mkdir got
part=.comityctl-$message
echo mine >got/mailbox.mbox.part
exits 0 'an attachment is taken out' evidence get "$message/1" --output got
next_said 'get mailbox.mbox 0' 'from its beginning'
[ "$(stat -c '%s %a' got/mailbox.mbox)" = '3145731 600' ] && [ ! -e "got/$part-1.part" ]
result $? 'under its name, and for its owner'
[ "$(cat got/mailbox.mbox.part)" = mine ]
result $? 'and what has a name like it is left alone'
says out '^Verified ' 'and is verified'
exits 4 'what is there is not overwritten' evidence get "$message/1" --output got
says err 'got/mailbox.mbox: it is there already; .*--force' 'but it is said how'
exits 0 'unless it is asked for' evidence get "$message/1" --output got --force --descriptor
next_said 'get mailbox.mbox 0 descriptor' 'by a descriptor'
exits 0 'it is taken out to standard output' evidence get "$message/1" --output -
next_said 'get mailbox.mbox 0' 'from its beginning'
cmp -s out got/mailbox.mbox
result $? 'as it is'
exits 1 'what is not what the message states is refused' evidence get "$message/2" --output got
next_said 'get damaged.bin 0' 'it was asked'
[ ! -e got/damaged.bin ] && [ ! -e "got/$part-2.part" ]
result $? 'and nothing of it stays'
exits 3 'a connection that breaks is told' evidence get "$message/3" --output got
says err '^Repeat the same command: it goes on where it was interrupted.$' 'with what to do'
next_said 'get interrupted.bin 0' 'it began'
[ "$(stat -c %s "got/$part-3.part")" -ge 1048576 ] && [ ! -e got/interrupted.bin ]
result $? 'what came has another name'
exits 0 'the same command goes on' evidence get "$message/3" --output got
next_said 'get interrupted.bin 1048576' 'where it stopped'
cmp -s got/mailbox.mbox got/interrupted.bin
result $? 'to the whole'
rm got/interrupted.bin
head -c 2097152 /dev/zero >"got/$part-3.part"
exits 1 'an older part with other bytes is not believed' evidence get "$message/3" --output got
says err 'thrown away; it went on with an older file: repeat the command' 'but thrown away'
next_said 'get interrupted.bin 2097152' 'after it was tried'
head -c 4194304 /dev/zero >"got/$part-3.part"
exits 0 'a part that is too long begins anew' evidence get "$message/3" --output got
next_said 'get interrupted.bin 0' 'from the beginning'
rm got/interrupted.bin
ln -s ../records.csv "got/$part-3.part"
exits 4 'a link in place of the part is not followed' evidence get "$message/3" --output got
[ "$(cat records.csv)" = 'account records' ]
result $? 'what it leads to is as it was'
rm "got/$part-3.part"
exits 0 'an empty attachment is taken out' evidence get "$message/4" --output got
next_said 'get empty.txt 0' 'and asked for'
[ -e got/empty.txt ] && [ ! -s got/empty.txt ]
result $? 'as an empty file'
exits 4 'a name that leads elsewhere is not used' evidence get "$message/5"
says err 'not a plain name for a file; say one with --output FILE' 'with what to do'
[ ! -e ../escaped ]
result $? 'and nothing is written there'
exits 4 'a hidden name is not used' evidence get "$message/6"
exits 0 'under another it is' evidence get "$message/6" --output got/rc
next_said 'get .bashrc 0' 'as asked'
long=$(printf %0255d 0)
exits 0 'and under the longest name that there is' evidence get "$message/6" --output "got/$long"
next_said 'get .bashrc 0' 'as asked'
exits 3 'a descriptor of something else than a file is not read' evidence get "$message/6" --output got/none --descriptor
next_said 'get .bashrc 0 descriptor' 'it was asked'
says err '^comityctl: what the daemon handed over is not a regular file' 'with what came'
exits 5 'what travels on a medium is not here' evidence get "$message/7"
says err 'WD disk 123.*evidence confirm' 'but there'
exits 5 'an attachment that there is not is not found' evidence get "$message/9"
exits 4 'a directory that is not there is told' evidence get "$message/1" --output none/x

# Nothing is replaced but a file of the caller, whatever is asked.
ln -s records.csv link
ln -s /proc/self/fd/1 stdout
ln -s nowhere dangling
mkfifo fifo
for what in link stdout dangling fifo; do
	exits 4 "$what is not overwritten" evidence get "$message/1" --output "$what" --force
	says err "^comityctl: $what: it is a \(symbolic link\|named pipe\), .*--output" 'but it is said what it is'
	exits 4 'nor without --force' evidence get "$message/1" --output "$what"
	says err "^comityctl: $what: it is a " 'which is not proposed'
done
[ -L link ] && [ -L stdout ] && [ -L dangling ] && [ -p fifo ] && [ "$(cat link)" = 'account records' ]
result $? 'all of them are what they were'
if [ "$(id -u)" = 0 ]; then
	mknod device c 1 3
	exits 4 'a device is not overwritten' evidence get "$message/1" --output device --force
	says err '^comityctl: device: it is a device, ' 'with what it is'
	[ -c device ]
	result $? 'and it is one'
	echo theirs >theirs
	chown 65534 theirs
	exits 4 'a file of somebody else is not overwritten' evidence get "$message/1" --output theirs --force
	says err '^comityctl: theirs: it belongs to the user 65534' 'with whose it is'
	exits 4 'nor added to' evidence manifest records.csv --medium x --output theirs
	[ "$(cat theirs)" = theirs ]
	result $? 'it is what it was'
fi
"$ctl" evidence get "$message/1" --output - >/dev/full 2>err
[ $? -eq 4 ]
result $? 'to a full device nothing is written'
next_said 'get mailbox.mbox 0' 'it was asked'
says err '^comityctl: standard output: No space left on device$' 'a full standard output is told'
/usr/bin/python3 -c '
import os, subprocess, sys
out, into = os.pipe()
os.set_blocking(into, False)
run = subprocess.Popen(sys.argv[1:], stdout=into)
os.close(into)
with os.fdopen(out, "rb") as f, open("slow", "wb") as g:
    g.write(f.read())
sys.exit(run.wait())' "$ctl" evidence get "$message/1" --output - 2>err &&
	cmp -s slow got/mailbox.mbox
result $? 'a standard output that does not wait is waited for'
next_said 'get mailbox.mbox 0' 'it was asked'
echo '{}' >target.json
ln -s target.json link.json
exits 4 'a manifest does not replace a link' evidence manifest records.csv --medium x --output link.json
[ -L link.json ] && [ "$(cat target.json)" = '{}' ]
result $? 'nor what it leads to'
echo '{"legal_basis":"'"$(head -c 4000 /dev/zero | tr '\0' x)"'"}' >long.json
cp long.json before.json
(
	trap '' XFSZ
	ulimit -f 1
	exec "$ctl" evidence manifest records.csv --medium x --output long.json >out 2>err
)
[ $? -eq 4 ] && cmp -s long.json before.json && [ "$(echo long.json*)" = long.json ]
result $? 'a file that cannot be written whole stays as it was'
says err '^comityctl: long.json: File too large$' 'with the reason'

# ------------------------------------------------------------- on a medium

mkdir medium
printf 'first image' >medium/disk1.E01
exits 5 'a message of another case is not confirmed' evidence confirm 2026-2 --message $message --dir medium
exits 4 'a medium that lacks a file is not confirmed' evidence confirm 2026-1 --message $message --dir medium
says out '^ok   disk1.E01$' 'a line for each'
says out '^BAD  disk2.E01: it is not on the medium$' 'with what is wrong'
says err '1 of 2 .* nothing was sent; .*--reject-on-mismatch' 'and what to do'
printf 'second imagE' >medium/disk2.E01
exits 4 'what is wrong is rejected when that is asked for' evidence confirm 2026-1 --message $message --dir medium \
	--reject-on-mismatch
next_said 'verification 3 REJECTED [8] disk2.E01: its SHA-256 is another' 'with the reason'
rm medium/disk2.E01 && ln -s ../records.csv medium/disk2.E01
exits 4 'a link is not a file of the medium' evidence confirm 2026-1 --message $message --dir medium
rm medium/disk2.E01
printf 'second image' >medium/disk2.E01
exits 0 'a medium that is whole is confirmed' evidence confirm 2026-1 --message $message --dir medium
next_said 'verification 3 VERIFIED [7, 8]' 'by a message'
exits 4 'a medium that is not there is told' evidence confirm 2026-1 --message $message --dir nowhere

# ----------------------------------------------------------------- looking

exits 0 'all pages of attachments are listed' evidence list
[ "$(wc -l <out)" -eq 1002 ]
result $? 'each on one line below the heading'
says out "^$message/1  *IE  *3  *fetching  *3.0 MiB  *66 %  *-" 'with how far it is'
! LC_ALL=C grep -q "$(printf '\033\|\302\233\|\342\200\256')" out
result $? 'nothing that could harm a terminal is printed'
exits 0 'a case is shown with its evidence' case show 2026-1
says out "^$message/2  *IE  *3  *here  *3.0 MiB  *100 %  *verified  *2027-01-31, on hold  *plain.txt" 'and its verdict'
! LC_ALL=C grep -q "$(printf '\033\|\302\233\|\342\200\256')" out
result $? 'nothing that could harm a terminal is printed'
exits 0 'the chain of custody is printed' evidence custody "$message/1"
says out "^2025-11-24T10:26:40.000Z  acquired  .* $message  *-  *FTK" 'from the acquisition'
says out 'stored  *IE  *audit log  *7' 'to what is recorded here'
says out '3 links are what their leaves .* all of them; 1 of the leaves are of an earlier form' 'of all pages, compared'
! LC_ALL=C grep -q "$(printf '\033\|\302\233\|\342\200\256')" out
result $? 'nothing that could harm a terminal is printed'
exits 4 'a link that is not what its leaf says is told' evidence custody "$message/2"
says err 'the text of the link 4 is not the one of which leaf 10 of the audit log has the digest' 'with what differs'
says err 'the link 5 is not what leaf 11 of the audit log says: the log has [0-9a-f]\{64\}' 'each of them'
exits 4 'also for programs' --json evidence custody "$message/2"
exits 0 'what the leaves say is printed' evidence custody "$message/1" --leaves
says out "^text 8 [0-9a-f]\{64\} 00112233445566778899aabbccddeeff an.0040appeal" 'with what was said'
says out "^evidence read $message 1 " 'also of those of before'
exits 0 'a legal hold is set' evidence hold "$message/2" --reason 'appeal'
next_said 'hold 2 True appeal' 'with its reason'
exits 0 'and ended' evidence release "$message/2" --reason 'appeal dismissed'
next_said 'hold 2 False appeal dismissed' 'with its reason'
exits 0 'an attachment is fetched again' evidence fetch "$message/2" --reason 'disk 4'
next_said 'fetch 2 disk 4' 'with its reason'
exits 0 'how the round stands is shown' evidence check
next_said 'check False' 'and ordered by nobody'
next_said 'check False after 2' 'with the page after the first'
says out '^Verified again  *each 30 days' 'how often'
says out '^Round ended  *2025-11-24T13:23:20.000Z' 'when it ended'
says out '^Found  *1 spoilt or missing' 'what it found'
says out "^$message/2 .* waiting .*spoilt here" 'which'
says out "^$message/4 .* waiting .*spoilt here" 'and that of the second page'
says out '^Longest ago  *2025-11-24T10:26:40.000Z: all other evidence here was verified later$' 'with what is next'
exits 0 'a round is ordered' evidence check --now
next_said 'check True' 'at once'
next_said 'check False after 2' 'and once'
says out '^Round ended  *it is under way' 'and is under way'
exits 2 'and takes nothing else' evidence check everything

end

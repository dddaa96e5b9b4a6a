#!/usr/bin/env bash
# tests/rooms: it finds a call or an include that goes upwards, and a file without a place.
# tests/build/rooms_test.sh BUILD_DIR
set -u
build=$(realpath "$1")
# shellcheck source=tests/build/tap.sh
. "$(dirname "$0")/tap.sh"
# The sources are looked at by name, and the objects by their symbols: one of these is exchanged at a time.
mkdir -p "$work/tests" "$work/build/obj"
ln -s "$PWD/daemon" "$PWD/Makefile" "$work/"
cp -r tests/rooms tests/lint "$work/tests/"
cp -rs "$build/obj/daemon" "$work/build/obj/"
rooms() { "$work/tests/rooms" "$@" build >"$work/out" 2>&1; }
calls() { # OBJECT FUNCTION: it calls that one as well
	local object=$work/build/obj/daemon/$1.o
	echo "void $2(void); void more(void); void more(void) { $2(); }" | cc -xc -c -o "$work/more.o" - &&
		rm "$object" && ld -r -o "$object" "$build/obj/daemon/$1.o" "$work/more.o"
}
as_before() { ln -sf "$build/obj/daemon/$1.o" "$work/build/obj/daemon/$1.o"; }
faults() { [ "$(grep -c '^rooms: ' "$work/out")" = "$1" ]; }

rooms --quiet && [ ! -s "$work/out" ]
ok 'no call goes upwards'
rooms && [ "$(grep -cE '^(base|node|comityctl|core|driver) +([0-9.]+ *)+$' "$work/out")" = 5 ]
ok 'rooms, sub-rooms and the calls between them are shown'

calls base/bytes law_fold
! rooms --quiet && faults 1 && grep -q 'daemon/base/bytes.c calls law_fold of law/fold.c: law/ is upstairs or beside' "$work/out"
ok 'a call upwards between rooms is a fault'
as_before base/bytes
calls comityctl/out store_sqlite_open
! rooms --quiet && faults 1 && grep -q 'daemon/comityctl/out.c calls store_sqlite_open of io/store/store_sqlite.c: io/ is upstairs' "$work/out"
ok 'and so is one of comityctl to a library of the daemon'
as_before comityctl/out
calls law/days audit_root
! rooms --quiet && faults 1 && grep -q 'daemon/law/days.c calls audit_root of audit/' "$work/out"
ok 'and one to a room of the same floor'
as_before law/days
calls node/cases/cases submit_step
! rooms --quiet && faults 1 && grep -q 'daemon/node/cases/cases.c calls submit_step: clients is above cases' "$work/out"
ok 'and one upwards between sub-rooms of node/'
as_before node/cases/cases

calls node/core/replay batch_start
! rooms --quiet && faults 1 && grep -q 'daemon/node/core/replay.c calls batch_start: driver is above core' "$work/out"
ok 'also one that only begins a batch'
as_before node/core/replay

rm "$work/daemon" && cp -rs "$PWD/daemon" "$work/" && : >"$work/daemon/node/attic.c" &&
	echo | cc -xc -c -o "$work/build/obj/daemon/node/attic.o" -
! rooms --quiet && faults 1 && grep -q 'daemon/node/attic.c lies in no sub-room' "$work/out"
ok 'each file of node/ lies in a sub-room'
rm "$work/daemon/node/attic.c" "$work/build/obj/daemon/node/attic.o"

includes() { # FILE HEADER...: it includes these as well
	local file=$work/daemon/$1 header
	rm "$file" && for header in "${@:2}"; do echo "#include \"node/$header\""; done | cat - "daemon/$1" >"$file"
}
included_as_before() { ln -sf "$PWD/daemon/$1" "$work/daemon/$1"; }
rooms --quiet && [ ! -s "$work/out" ]
ok 'no file includes what is above it, or another sub-room keeps to itself'
includes node/cases/cases.h peers/peers.h
! rooms --quiet && faults 1 && grep -q 'daemon/node/cases/cases.h includes node/peers/peers.h: peers is above cases' "$work/out"
ok 'an include upwards between sub-rooms of node/ is a fault'
included_as_before node/cases/cases.h
includes node/clients/views.c evidence/lane.h
! rooms --quiet && faults 1 && grep -q 'views.c includes node/evidence/lane.h: others include evidence/evidence.h' "$work/out"
ok 'and so is an include of a header that another sub-room keeps to itself'
included_as_before node/clients/views.c
includes node/evidence/upload.c core/core.h cases/cases.h evidence/{rows,tickets,lane,state,uploads,evidence}.h
! rooms --quiet && faults 1 && grep -qE 'upload.c includes [0-9]+ headers of the node: 8 are the most' "$work/out"
ok 'and more than eight headers of the node in one file'
included_as_before node/evidence/upload.c
echo "1..$n"
exit $failed

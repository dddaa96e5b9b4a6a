#!/usr/bin/env bash
# How it is built elsewhere: the flags of a packager are respected and do not drop the hardening, a warning of a newer
# compiler is no error, and `make install` installs what was built, with pages that name it. Nothing is compiled here: what
# was built is looked at.
# tests/build/flags_test.sh BUILD_DIR
set -u
build=$(realpath "$1")
# shellcheck source=tests/build/tap.sh
. "$(dirname "$0")/tap.sh"
unset MAKEFLAGS MFLAGS
commands() { make -n V=1 BUILD="$work/build" "$@" 2>/dev/null; }
after() { # FIRST SECOND LINE: both are there, and the second counts
	[[ $3 == *" $1 "*" $2 "* ]]
}

line=$(CFLAGS=-fno-stack-protector commands "$work/build/obj/daemon/base/bytes.o" | grep -- '-c -o')
after -fno-stack-protector -fstack-protector-strong "$line"
ok 'CFLAGS of the environment come before the stack protector'
line=$(commands CPPFLAGS=-D_FORTIFY_SOURCE=0 "$work/build/obj/daemon/base/bytes.o" | grep -- '-c -o')
after -D_FORTIFY_SOURCE=0 -D_FORTIFY_SOURCE=2 "$line"
ok 'CPPFLAGS of the command line come before _FORTIFY_SOURCE'
line=$(commands CPPFLAGS=-D_FORTIFY_SOURCE=3 "$work/build/obj/daemon/base/bytes.o" | grep -- '-c -o')
after -D_FORTIFY_SOURCE=3 -D_FORTIFY_SOURCE=3 "$line"
ok 'which is not lowered either'
[[ $line != *-Werror* ]]
ok 'a warning is no error for who builds it'
[[ $(commands WERROR=-Werror "$work/build/obj/daemon/base/bytes.o") == *-Werror* ]]
ok 'but is where it is asked for'
[[ $(commands lint) == *-Werror*daemon/base/bytes.c* ]]
ok 'as make lint does'
line=$(commands LDFLAGS=-Wl,-z,lazy "$work/build/bin/comityd" | grep -- "-o $work/build/bin/comityd")
after -Wl,-z,lazy -Wl,-z,relro,-z,now "$line"
ok 'LDFLAGS come before relro and immediate binding'

hardened() { # PROGRAM
	[[ $(readelf -hW "$1") == *'Type:'*' DYN '* ]] && [[ $(readelf -lW "$1") == *GNU_RELRO* ]] &&
		[[ $(readelf -lW "$1") =~ GNU_STACK[^$'\n']*' RW ' ]] && [[ $(readelf -dW "$1") =~ FLAGS_1[^$'\n']*' NOW'.*' PIE' ]] &&
		[[ $(nm -D "$1") == *__stack_chk_fail* ]]
}
hardened "$build/bin/comityd" && hardened "$build/bin/comityctl"
ok 'what is built stands anywhere in memory, runs nothing on the stack, checks it, and is bound and read-only at the start'
# A sanitizer looks at the same calls in its own way.
[ -n "${SANITIZE:-}" ] || { [[ $(nm -D "$build/bin/comityd") =~ __[a-z]+_chk@ ]] && [[ $(nm -D "$build/bin/comityctl") =~ __[a-z]+_chk@ ]]; }
ok 'and checks the bounds of what libc is told to fill'

! make install BUILD="$work/none" DESTDIR="$work/root" >"$work/out" 2>"$work/err" &&
	grep -q 'is not built: run make first' "$work/err" && [ ! -e "$work/root" ] && [ ! -e "$work/none" ]
ok 'make install builds nothing, and says what to do'
mkdir -p "$work/build/bin" "$work/build/share/comity/locale"
for language in config/locale/*.po; do
	: >"$work/build/share/comity/locale/$(basename "$language" .po).mo"
done
printf '#!/bin/sh\n' | tee "$work/build/bin/comityd" >"$work/build/bin/comityctl"
chmod +x "$work"/build/bin/*
echo 'other flags' >"$work/build/flags"
make install BUILD="$work/build" DESTDIR="$work/root" CFLAGS=-O3 >"$work/out" 2>&1 &&
	cmp -s "$work/build/bin/comityd" "$work/root/usr/local/sbin/comityd" && [ "$(cat "$work/build/flags")" = 'other flags' ]
ok 'with other flags it installs what was built, and leaves it so'

make install BUILD="$work/build" DESTDIR="$work/opt" PREFIX=/opt/x >"$work/out" 2>&1 &&
	grep -q '^ExecStart=/opt/x/sbin/comityd ' "$work/opt/opt/x/lib/systemd/system/comityd.service" &&
	grep -qF '"/opt/x/share/comity/treaties"' "$work/opt/opt/x/share/doc/comity/INSTALL" &&
	grep -qF '/opt/x/share/comity/calendars' "$work/opt/opt/x/share/man/man5/comity.calendar.5" &&
	! grep -rE '/usr/local/(share|lib|s?bin)/' "$work/opt" | grep -vE 'escalate|PREFIX/bin'
ok 'with PREFIX every page and unit names what is there'
missing=0
for page in contrib/man/*; do
	[ -s "$work/opt/opt/x/share/man/man${page##*.}/${page##*/}" ] || missing=1
done
[ $missing = 0 ]
ok 'and all manual pages are installed'

mkdir "$work/path"
for tool in bash sh make mkdir echo sed grep cmp cat env; do ln -s "$(command -v $tool)" "$work/path/"; done
! PATH=$work/path make BUILD="$work/bare" "$work/bare/gen/comity/v1/case.pb-c.h" >"$work/out" 2>"$work/err" &&
	grep -q 'protoc is missing: make deps' "$work/err"
ok 'without protoc it says make deps'
echo "1..$n"
exit $failed

#!/usr/bin/env bash
# daemon/HACKING.md: the commands that it tells people to type do what it says, and what it names, files and functions, is there.
# What takes long is only looked up: that make knows how to build it.
# tests/build/hacking_test.sh BUILD_DIR
set -u
build=$(realpath "$1")
# shellcheck source=tests/build/tap.sh
. "$(dirname "$0")/tap.sh"
unset MAKEFLAGS MFLAGS
page=daemon/HACKING.md

# Each alternative of a pattern of names is that of some test.
named() { # PATTERN
	local one
	for one in ${1//|/ }; do
		SANITIZE='' tests/check --needs "$build" "$one" || return 1
	done
}
tried() { # COMMAND
	local pattern words
	case $1 in
	"make check TESTS="*)
		pattern=${1#*=}
		named "${pattern//\'/}" ;;
	make*)
		words=${1#make}
		eval "SANITIZE= make -n BUILD='$build' ${words//build\//$build/}" ;;
	*build/mutants/* | TRACE_WRITE* | git*) ;; # it takes long, or writes into the tree
	*) eval "${1//build\//$build/}" ;;
	esac
}
grep -E '^    [a-zA-Z]' $page | sed 's/^ *//' >"$work/commands"
[ "$(wc -l <"$work/commands")" -gt 15 ]
ok 'the page tells people what to type'
while read -r command <&3; do
	tried "$command" >"$work/out" 2>&1 </dev/null
	ok "$command"
done 3<"$work/commands"

# A pattern stands for at least one file; what people are to write has its NAME in capitals.
missing=()
# shellcheck disable=SC2016 # backticks of the page
while read -r file; do
	[[ $file == *NAME* ]] || compgen -G "$file" >/dev/null || compgen -G "daemon/$file" >/dev/null ||
		compgen -G "daemon/*/$file" >/dev/null || compgen -G "daemon/*/*/$file" >/dev/null || missing+=("$file")
done < <(grep -v '^    ' $page | grep -oE '`[a-zA-Z0-9_/*]+\.([ch1]|proto|py|sh|md)`' | tr -d '`' | sort -u)
printf '%s\n' "${missing[@]}" >"$work/out"
[ ${#missing[@]} = 0 ]
ok 'each file that it names is there'
missing=()
# shellcheck disable=SC2016 # backticks of the page
while read -r name; do
	[[ $name == *NAME* ]] || grep -rqwF --include='*.[ch]' "$name" daemon tests || compgen -G "tests/unit/$name.c" >/dev/null ||
		missing+=("$name")
done < <(grep -v '^    ' $page | grep -oE '`[A-Za-z]+_[A-Za-z_]+[`(]' | tr -d '`(' | sort -u)
printf '%s\n' "${missing[@]}" >"$work/out"
[ ${#missing[@]} = 0 ]
ok 'and each function, table and macro'
grep -q '(HACKING.md)' daemon/README.md
ok 'and the page of the house points to it'
echo "1..$n"
exit $failed

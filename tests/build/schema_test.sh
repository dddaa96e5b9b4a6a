#!/usr/bin/env bash
# The schema is for every language: what protoc makes of it for Java and Python compiles and loads, for the others that
# protoc knows it is made. A case system is written from it alone.
set -u
# shellcheck source=tests/build/tap.sh
. "$(dirname "$0")/tap.sh"
protos=(proto/comity/v1/*.proto)
skip() { # NAME WHY
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
make_for() { # LANGUAGE
	mkdir "$work/$1" && protoc -Iproto "--$1_out=$work/$1" "${protos[@]}" >"$work/out" 2>&1
}

for file in "${protos[@]}"; do
	name=$(basename "$file")
	: >"$work/out"
	for option in java_package go_package csharp_namespace; do
		grep -qE "^option $option = \"[^\"]+\";\$" "$file" || echo "$file has no option $option" >>"$work/out"
	done
	[ ! -s "$work/out" ]
	ok "$name says what its package is called in Java, Go and C#"
done

make_for python
ok 'protoc makes Python of it'
(cd "$work/python" && for module in comity/v1/*_pb2.py; do
	/usr/bin/python3 -c "import importlib; importlib.import_module('comity.v1.$(basename "$module" .py)')" || exit 1
done) >"$work/out" 2>&1
ok 'which Python loads'

make_for java
ok 'protoc makes Java of it'
jar=/usr/share/java/protobuf.jar
if ! command -v javac >/dev/null; then
	skip 'which javac compiles' 'javac is missing: make deps FOR=java'
elif [ ! -e $jar ]; then
	skip 'which javac compiles' "$jar is missing: make deps FOR=java"
else
	mkdir "$work/classes"
	# shellcheck disable=SC2046 # names that protoc made
	javac -nowarn -cp $jar -d "$work/classes" $(find "$work/java" -name '*.java') >"$work/out" 2>&1
	ok 'which javac compiles'
	[ -e "$work/classes/comity/v1/GetEvidence.class" ] && [ -e "$work/classes/comity/v1/Submission.class" ]
	ok 'into a class of each message'
fi

make_for cpp
ok 'protoc makes C++ of it'
if echo '#include <google/protobuf/message.h>' | c++ -E -x c++ - >/dev/null 2>&1; then
	(for source in "$work"/cpp/comity/v1/*.pb.cc; do c++ -fsyntax-only -I"$work/cpp" "$source" || exit 1; done) >"$work/out" 2>&1
	ok 'which c++ takes'
else
	skip 'which c++ takes' 'there is no c++ with libprotobuf-dev'
fi
if command -v protoc-gen-go >/dev/null; then
	make_for go
	ok 'protoc makes Go of it'
else
	skip 'protoc makes Go of it' 'protoc-gen-go is missing'
fi
for language in csharp kotlin objc php ruby; do
	make_for $language
	ok "protoc makes $language of it"
done
echo "1..$n"
exit $failed

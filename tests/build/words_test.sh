#!/usr/bin/env bash
# The words of forms: a catalogue with a broken placeholder is refused when it is built; and a schema with fields that
# the program has never heard of shows them in template, check, form and letter without a line of code.
# usage: words_test.sh PATH_OF_COMITYCTL
set -u
# shellcheck source=tests/build/tap.sh
. "$(dirname "$0")/tap.sh"

broken() { # SED NAME
	sed "$1" config/locale/fr.po >"$work/fr.po"
	! cmp -s config/locale/fr.po "$work/fr.po" && ! msgfmt --check -o /dev/null "$work/fr.po" >"$work/out" 2>&1
	ok "$2 is refused"
}
for po in config/locale/*.po; do
	msgfmt --check -o /dev/null "$po" >"$work/out" 2>&1
	ok "$(basename "$po") passes the check of gettext"
done
broken 's/^msgstr "{instrument} l/msgstr "{instrumnt} l/' 'a placeholder that is misspelt'
broken 's/^msgstr "{n} octets"/msgstr "{n octets"/' 'a placeholder that is not closed'
broken 's/^msgstr "Un intitulé compte au plus %u octets/msgstr "Un intitulé compte au plus %s octets/' 'a format that takes another value'
broken '0,/^msgid "yes"$/s//msgid "no"/' 'a sentence that stands twice'

# ------------------------------------------------ a schema with three more fields
tree=$work/tree
mkdir "$tree"
cp -r Makefile proto daemon config contrib "$tree"
/usr/bin/python3 - "$tree/proto/comity/v1/case.proto" <<'END'
import re, sys
with open(sys.argv[1]) as f:
    text = f.read()
def add(message, field):
    global text
    text, n = re.subn(rf"(^message {message} \{{\n(?:.*\n)*?)(\}})", lambda m: f"{m[1]}{field}{m[2]}", text, count=1, flags=re.M)
    assert n == 1, message
add("Request", "  string court_seal = 90;   // Number of the seal of the court.\n")
add("Person", "  string shoe_size_date = 91;   // Day on which the shoe size was taken.\n")
add("Measure", "  // Colours that the evidence may have.\n  repeated HearingMode colours = 92;\n")
with open(sys.argv[1], "w") as f:
    f.write(text)
END
env -u MAKEFLAGS -u MFLAGS make -s -C "$tree" -j2 OPT=-O0 BUILD=build SANITIZE= build/bin/comityctl >"$work/out" 2>&1
ok 'the program is built with it'
ctl=$tree/build/bin/comityctl
"$ctl" template PRESERVATION >"$work/form.json" 2>"$work/out"
for said in 'Court seal: Number of the seal of the court\.' '"courtSeal": "FILL IN"' \
	'Shoe size date: Day on which the shoe size was taken\.' '"shoeSizeDate": "FILL IN"' \
	'Colours: Colours that the evidence may have\.' 'IN_PERSON (In person), VIDEO (By video conference)'; do
	grep -q "$said" "$work/form.json"
	ok "the template has it: $said"
done
/usr/bin/python3 - contrib/demo/request.json "$work/draft.json" <<'END'
import json, sys
with open(sys.argv[1]) as f:
    draft = json.load(f)
request = draft["content"]["request"]
request["courtSeal"] = "FILL IN"
request["persons"][1]["shoeSizeDate"] = "2026-02-29"
request["measures"][0]["colours"] = ["VIDEO", "MAUVE"]
with open(sys.argv[2], "w") as f:
    json.dump(draft, f)
END
"$ctl" check "$work/draft.json" --no-treaty >"$work/out" 2>&1
grep -q "^content.request.courtSeal: this still says 'FILL IN'" "$work/out" &&
	grep -q '^content.request.measures\[0\].colours\[1\]: unknown HearingMode' "$work/out"
ok 'check looks at them'
"${1:?}" check "$work/draft.json" --no-treaty >"$work/out" 2>&1
grep -q '^content.request.courtSeal: unknown field' "$work/out" && grep -q 'shoeSizeDate: unknown field' "$work/out"
ok 'and the program of the schema as it is tells each field that it does not know'
"$ctl" form us-ie-2001 PRESERVATION --from US --to IE -o "$work/form.html" >"$work/out" 2>&1
grep -q 'Number of the seal of the court' "$work/form.html" && grep -q 'shoeSizeDate' "$work/form.html" &&
	grep -q 'Colours that the evidence may have' "$work/form.html"
ok 'the form has them'
sed 's/"FILL IN"/"seal 4711"/; s/, "MAUVE"//; s/2026-02-29/2026-02-28/' "$work/draft.json" >"$work/sealed.json"
"$ctl" letter "$work/sealed.json" -o "$work/letter.html" >"$work/out" 2>&1
grep -q 'Court seal' "$work/letter.html" && grep -q 'seal 4711' "$work/letter.html" &&
	grep -q '28 February 2026' "$work/letter.html" && grep -q 'Colours' "$work/letter.html"
ok 'and the letter says what stands in them'
echo "1..$n"
exit $failed

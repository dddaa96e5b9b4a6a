#!/bin/bash
# What comityctl makes of the model of a form: templates of several measures under an instrument and in another
# language, checks of drafts of another version, and a message in words.
# usage: form_test.sh PATH_OF_COMITYCTL      (TAP on standard output)
# shellcheck disable=SC1112 # French has its own apostrophe
set -u

# shellcheck source=tests/ctl/tap.sh
. "$(dirname "$(realpath "$0")")/tap.sh"
export COMITY_TREATIES=$here/../../config/treaties
demo=$here/../../contrib/demo/request.json

# ------------------------------------------------------------------ templates
exits 0 'a template of two measures' template HEARING_WITNESS search-and-seizure --under eio-2014-41 --from FR --to IE
cp out form.json
grep -v '^ *//' form.json | python3 -c '
import json, sys
r = json.load(sys.stdin)["content"]["request"]
assert [m["type"] for m in r["measures"]] == ["HEARING_WITNESS", "SEARCH_AND_SEIZURE"], r["measures"]
assert [m["measure"] for m in r["measures"]] == [1, 2]
assert r["measures"][0]["hearing"]["mode"] == "IN_PERSON" and "hearing" not in r["measures"][1]
assert r["measures"][1]["targets"][0] == {"type": "FILL IN", "value": "FILL IN", "issuer": ""}
assert r["legalBasis"]["instrument"] == "eio-2014-41" and r["requestingState"] == "FR" and r["requestedState"] == "IE"' 2>err
result $? 'it has a part for each, and what the command line says'
says out '(eio-2014-41 5(1)(b))$' 'the guide of the instrument stands at the field with its article'
says out 'eio-2014-41 2(c), not verified' 'and what was not verified is marked'
awk 'length($0) > 120 { exit 1 }' form.json
result $? 'no line is wider than an editor'
exits 5 'a measure that the instrument does not admit' template FREEZING --under eio-2014-41
says err 'eio-2014-41 does not admit FREEZING' 'the sentence names both'
exits 5 'an instrument that there is not' template FREEZING --under lex-rhodia
exits 2 'a notification stands alone' template INTERCEPTION_NOTIFICATION FREEZING
exits 2 'a language that there is not' template FREEZING --language xx
says err "no catalogue for the language 'xx'" 'is named'
LANG=fr_FR.UTF-8 "$ctl" template FREEZING >out 2>err
says out '// État requérant : ' 'the language is that of the locale'
says out 'relus par un juriste' 'it is said that no lawyer has reviewed it'
LANG=tlh_KL.UTF-8 "$ctl" template FREEZING >out 2>err
says out '// Requesting state: ' 'English stands in for a language without a catalogue'
# What may stay empty is commented out with its comma: with it, too, the form is JSON.
sed -E 's,^( *)// (\, )?("[A-Za-z0-9]+": |"sha256"),\1\2\3,' form.json | awk '/^ *\/\/ ("|\[|\{)/ { sub("// ", "") } 1' |
	grep -v '^ *//' | python3 -c 'import json, sys; json.load(sys.stdin)' 2>err
result $? "everything uncommented is JSON as well: $(tail -n 1 err)"

# --------------------------------------------------------------------- checks
draft() { python3 -c "
import json, sys
d = json.load(open('$demo'))
r = d['content']['request']
$1
json.dump(d, open('draft.json', 'w'))"; }
draft 'r["legalBasis"]["version"] = "0"; del r["measures"][2]["nexus"]; r["colour"] = "blue"'
exits 4 'a draft of another version of the profile and of the schema' check draft.json
says out '^content.request.colour: unknown field\. ' 'a field of another schema is told'
says out "^content.request.legalBasis.version: There is no version '0' of the profile us-ie-2001 here" 'the version is told'
says out '^content.request.measures\[2\].nexus: By version 1, which is here: This field is mandatory' 'and what the one at hand asks for'
says out '^Still empty: .*Measure 3 › Link with the offence' 'what is empty has its label'
"$ctl" check draft.json --language fr >out 2>err
says out '^Encore vide : .*Mesure 3 › Lien avec l’infraction' 'also in French'
draft 'd["to"] = "Department of Justice, Dublin"'
exits 4 'an addressee by the name of its office' check draft.json
says out '^to: An authority id has capital letters, digits and hyphens alone, such as IE\.$' 'is told what is expected'
draft 'r["persons"] = [r["persons"][1]] * 10000'
exits 4 'ten thousand persons' check draft.json
says out '^content.request.persons: at most 1000 elements are allowed$' 'are too many, in a sentence'
draft 'r["persons"][0]["name"] = "\u202eenod" + "x" * 4096'
"$ctl" check draft.json >out 2>err
says out '^content.request.atomWarnings: ' 'a name of 4 KB is a name'
printf '{"to": "IE", "ownReference": "1"}' >draft.json
exits 4 'a draft that says nothing yet' check draft.json --no-treaty
says out '^content: What is said is mandatory\.$' 'is told so'

# ---------------------------------------------------------- who may read a form
form() { "$ctl" form us-ie-2001 PRESERVATION --from US --to IE --language en -o form.html >out 2>err && stat -c %a form.html; }
rm -f form.html
[ "$(umask 0; form)" = 600 ]
result $? 'a form is for its owner alone, whatever the mask'
chmod 640 form.html
[ "$(form)" = 640 ]
result $? 'a file that is replaced keeps its rights'
# A user in an access list: the bits of the group are then what such users may have, and the group itself has nothing.
if python3 -c '
import os, struct
entries = [(0x01, 6, -1), (0x02, 4, 65534), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1)]
os.setxattr("form.html", "system.posix_acl_access", struct.pack("<I", 2) +
            b"".join(struct.pack("<HHi", *entry) for entry in entries))' 2>err; then
	[ "$(form)" = 600 ]
	result $? 'a group that an access list kept out stays out'
fi

# ------------------------------------------------------------------- in words
begin_fake fake_daemon.py
id=019ab3c4-2c00-7000-8000-000000000001
exits 0 'a message is shown in words' --client request message show $id
says out '^Request for mutual legal assistance$' 'its kind is told'
says out '^Measures asked for$' 'with sections'
says out '^  Measure 2:$' 'elements have numbers'
says out '^    Type of measure: Hearing of a witness$' 'values have labels'
says out '^      How the person is heard: By video conference$' 'so have parts of parts'
says out '^  Language of the request: English (en)$' 'and languages'
says out '^    Wanted by: 15 January 2027$' 'dates are written out'
says out '^    Approved on: 24 November 2025, 09:30:00 UTC$' 'and instants'
says out '^    Name: a\\u{202e}b\\x1b\[2Jc$' 'what turns the direction of writing is shown and harmless'
says out '^What is written .u{\.\.\.} or .x\.\. stands for' 'and it is said what stands there'
says out '^    First line$' 'a text of several lines keeps them'
says out '^Fields of a later version of the schema, which this program cannot show: 1\. ' 'what a later schema has is not left out in silence'
LC_ALL=C grep -q "$(printf '\342\200\256\|\033')" out
[ $? -eq 1 ]
result $? 'no such character is printed'
"$ctl" --client request message show $id --language fr >out 2>err
says out '^    Souhaitée avant le : 15 janvier 2027$' 'in French'
"$ctl" --json --client request message show $id >out 2>err
python3 -c 'import json; assert json.load(open("out"))["message"]["content"]["request"]["measures"][1]["hearing"]["mode"] == "VIDEO"' 2>err
result $? 'and as JSON for programs'

end

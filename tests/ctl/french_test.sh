#!/bin/bash
# What an officer reads in French: each command's output, its help and its faults; programs' output stays as it is.
# usage: french_test.sh PATH_OF_COMITYCTL      (TAP on standard output)
# The outputs have typographic apostrophes, and names of variables as they stand in texts.
# shellcheck disable=SC1112,SC2016
set -u

# shellcheck source=tests/ctl/tap.sh
. "$(dirname "$(realpath "$0")")/tap.sh"
treaties=$here/../../config/treaties
unset LC_ALL LC_MESSAGES LANG

# ------------------------------------------------------------- how it is asked
exits 0 'French is asked for before the command' --language fr --help
says out '^usage : comityctl ' 'the help is French'
says out '^  case list  *lister les affaires' 'with what each command does'
exits 0 'or behind it' case list --help --language=fr
says out '^usage : comityctl case list ' 'in either form'
env LANG=fr_FR.UTF-8 "$ctl" case list --help >out 2>err
says out '^usage : ' 'or by the environment'
env LANG=fr_FR.UTF-8 LC_MESSAGES=en_IE.UTF-8 "$ctl" case list --help >out 2>err
says out '^usage: ' 'in which $LC_MESSAGES counts before $LANG'
env LANG=fr_FR.UTF-8 "$ctl" --language en case list --help >out 2>err
says out '^usage: ' 'and the option before both'
exits 2 'a language without a catalogue' --language tlh status
says err "^comityctl: there is no catalogue for the language 'tlh'" 'is told'
env LANG=tlh_KL.UTF-8 "$ctl" case list --help >out 2>err
says out '^usage: ' 'of the environment English stands in for it'

# ------------------------------------------------ help, guide and kinds' fields
untold=
for words in submit send check return-deficient 'case list' 'case show' 'message show' letter template form 'treaty guide' \
	'evidence put' 'evidence get' 'evidence list' due late 'clock list' 'clock explain'; do
	# shellcheck disable=SC2086 # a command may have two words
	"$ctl" --language fr help $words 2>err | grep -q '^usage : comityctl' || untold="$untold '$words'"
done
[ -z "$untold" ]
result $? "every command of an officer explains itself in French:${untold:- all}"
exits 0 'the fields of a kind' --language fr send result --help
says out '^result (partie requise)$' 'say who may say it'
says out '^  results  *liste de : objet ; obligatoire$' 'what they hold, and what is mandatory'
says out '^ *Résultat par mesure\.\|^ *Issue\|EXECUTED (' 'by the labels of the form'
says out '^  effectedMs  *un instant tel que ' 'and how an instant is written'
exits 0 'the guide' --language fr treaty guide us-ie-2001 DISCLOSURE_TRAFFIC --treaties "$treaties"
says out '^Divulgation de données de trafic au titre de us-ie-2001, version 1$' 'has the label of the measure'
says out '^Ce que l’instrument demande$' 'its sections are French'
says out '^  \* Objet (proceeding.subject)$' 'its fields have the labels of the form'
says out 'non vérifié sur le texte original' 'what was not verified is marked'
says out 'incombe à la' 'who owes what is told'
awk '{ gsub(/[\200-\277]/, "") } length($0) > 80 { exit 1 }' out
result $? 'and no line is longer than 80 columns'
"$ctl" --json --language fr treaty guide us-ie-2001 DISCLOSURE_TRAFFIC --treaties "$treaties" >out 2>err
python3 -c 'import json; assert any(r["name"] == "proceeding.subject" for r in json.load(open("out"))["requirements"])' 2>err
result $? 'programs find the same names'

# --------------------------------------------------------------------- faults
exits 2 'no command that there is' --language fr case lst
says err '^comityctl: il n’y a pas de commande « case lst » : vouliez-vous dire « case list » ?$' 'is told in French'
exits 2 'a missing argument' --language fr case show
says err "^Essayez 'comityctl help case show'\.$" 'with where to look'
exits 5 'no measure that there is' --language fr template LUNCH
says err '^comityctl: il n’y a pas de mesure « LUNCH »' 'is told'
exits 4 'a file that is not there' --language fr check nowhere.json
says err '^comityctl: nowhere.json: fichier ou répertoire introuvable$' 'is told by its name'
printf '{"to": "IE",\n "ownReference": "1",\n}' >wrong.json
exits 4 'no JSON' --language fr check wrong.json
says err 'rien ne suit cette virgule : supprimez-la (colonne ' 'is told where'
printf '{"to": "IE", "ownRef": "1", "content": {"request": {}}}' >wrong.json
exits 4 'a draft with faults' --language fr check wrong.json --no-treaty
says out '^wrong.json : [0-9]* défauts$' 'they are counted'
says out '^ownRef: champ inconnu : vouliez-vous dire « ownReference » ?' 'what was meant is told'
says out '^Encore vide' 'and what is empty'
says out '^Rien n’a été vérifié au regard d’un traité' 'and that no treaty was looked at'
exits 3 'no daemon' --language fr --socket "$work/none.sock" case list
says err '^comityctl: le service ne peut être joint à ' 'is told'
exits 2 'a letter without a place' --language fr letter wrong.json
says err 'où l’écrire ?' 'asks for one'
exits 2 'a form without states' --language fr form us-ie-2001 PRESERVATION
says err '^comityctl: il faut --from ÉTAT' 'asks for them'

# ------------------------------------------------------ cases, messages, limits
begin_fake fake_daemon.py
id=019ab3c4-2c00-7000-8000-000000000001
exits 0 'the list of cases' --language fr case list
says out '^AFFAIRE .*AUTORITÉ .*PROCHAINE ÉCHÉANCE' 'has French columns'
says out 'accusé de réception\|enregistrée' 'states'
says out '[0-9] non lus ' 'and counts'
says out '^[0-9]* en cours, [0-9]* closes\.$' 'both kinds are counted'
exits 0 'a case' --language fr case show whole
says out '^Affaire  *019ab3c4' 'is shown with French labels'
says out '^MESURE .*RECONNUE' 'its measures'
says out '^1  *Divulgation de données de contenu  *en attente  *non  *non  *en suspens' 'with the labels of the form'
says out '^DE .*NATURE .*REMARQUE' 'its messages'
says out 'nul, ' 'what is void'
says out '^EXAMEN ' 'reviews'
says out '^PREUVE ' 'evidence'
says out '^QUAND .*QUOI' 'and the time line'
says out 'délai acknowledge, mesure 1, : ' 'with its time limits'
exits 0 'a message' --language fr --client request message show $id
says out '^SHA-256 ' 'is shown'
says out '^Signé  *oui, dans un pli$' 'with French labels'
says out '^Demande d’entraide judiciaire' 'and told in French'
exits 0 'it is saved' --language fr message show $id --save saved
says out '^Enregistré\. Dans saved ' 'and the commands are introduced'
exits 0 'time limits' --language fr late
says out '^N° .*ÉCHÉANCE .*INCOMBE À' 'have French columns'
says out '^[0-9]  *\(lun\|mar\|mer\|jeu\|ven\|sam\|dim\) 20' 'and days'
exits 1 'a refusal of the daemon' --language fr send note refused --set text=x
says err '^comityctl: refusé: ' 'is told'
exits 6 'and what it cannot do now' --language fr send note busy --set text=x
says err '^comityctl: pas maintenant: ' 'too'
"$ctl" --json case list >english 2>err
"$ctl" --json --language fr case list >out 2>err
cmp -s english out
result $? 'what programs read is the same in every language'
end

"""What the page of a form says of a draft, beside what 'comityctl check' says of it: the page calls nothing complete that
check does not, and every fault of check is told, at its field or around it."""
import copy
import json
import os
import random
import re
import subprocess

from browser import Browser, form, tests
from harness import COMITYCTL, DIR, TOP, types_pb2

DRAFTS = int(os.environ.get("DRAFTS", "15"))    # of each instrument
SEED = int(os.environ.get("SEED", "1"))


def profiles():
    for name in sorted(name[:-5] for name in os.listdir(f"{TOP}/config/treaties") if name.endswith(".conf")):
        shown = subprocess.run([COMITYCTL, "treaty", "show", name, "--json"], capture_output=True, text=True, check=True)
        yield name, json.loads(shown.stdout)


def measures_of(profile):
    text = json.dumps(profile)
    types = [name for name in types_pb2.MeasureType.keys()[1:] if re.search(rf"\b{name}\b", text)]
    return [name for name in types if name != "INTERCEPTION_NOTIFICATION"]


def check(draft, *options):
    """(complete, the paths of its faults)"""
    path = f"{DIR}/draft.json"
    with open(path, "w", encoding="utf-8") as file:
        file.write(draft)
    done = subprocess.run([COMITYCTL, "check", path, "--json", *options], capture_output=True, text=True)
    assert done.returncode in (0, 4), (done.returncode, done.stderr)
    if not done.stdout:
        return False, [""]
    faults = json.loads(done.stdout).get("faults", [])
    assert (done.returncode == 0) == (not faults), done.stdout
    return not faults, [fault["field"].removeprefix("submission.") for fault in faults]


def whole(name, version, types, states):
    """A request in which nothing is missing that an instrument may ask for."""
    with open(f"{TOP}/contrib/demo/request.json", encoding="utf-8") as file:
        draft = json.load(file)
    request = draft["content"]["request"]
    request["legalBasis"].update(instrument=name, version=version)
    request["requestingState"], request["requestedState"] = states
    draft["to"] = states[1]
    target = {"type": "email", "value": "a@example.com"}
    person = {"role": "WITNESS", "name": "Doe", "givenNames": "Jan", "birthDate": "1970-02-03", "birthPlace": "Ghent",
              "nationality": "BE", "address": "Ghent", "identifiers": [target]}
    request["persons"] = [person]
    request["measures"] = [
        {"measure": i + 1, "type": kind, "description": "What", "targets": [target], "nexus": "Why", "necessity": "Need",
         "period": {"fromDate": "2026-01-01", "toDate": "2026-02-01"}, "procedure": "How", "wantedByDate": "2999-01-01",
         **({"hearing": {"mode": "VIDEO", "questions": "Where?", "technicalContact": "it@example.com"}} if "HEARING" in kind else {}),
         **({"custody": {"place": "Here", "returnByDate": "2999-02-01"}} if "CUSTODY" in kind else {}),
         **({"bank": {"bank": "A bank", "accounts": ["1"]}} if re.search("BANK|FREEZING|TRACING", kind) else {})}
        for i, kind in enumerate(types)]
    request["attachments"] = [{"name": "a.pdf", "mediaType": "application/pdf", "size": "1", "sha256": "A" * 43 + "="}]
    request["remedies"], request["returnOfEvidence"], request["costs"] = "None", "Yes", "Ours"
    return draft


# ------------------------------------------------------------------------------------------------------ what is done to it

TEXTS = ["", " ", "\n", "x" * 128, "x" * 129, "é" * 100, "x" * 201, "x" * 256, "é" * 127, "x" * 131073, "two\nlines", "FILL IN",
         "a\0b", "\ud800", "\u202e", "a/b", "..", "IE", "ie", "XX", "en", "xx", "fr", "2026-02-30", "2026-2-1", "0000-01-01",
         "9999-12-31", "2026-11-23T10:00:00Z", "2026-11-23", "1970-01-02T00:00:00Z", "text/plain", "text", "none", "US-OIA",
         "login_ip_log", "login_ip_logs", "account_holder_name", "subscriber", "subscribers", "traffic", "0", "1", "9" * 20,
         "constructor", "__proto__", "eio-2014-41", "HEARING_WITNESS", "SERVICE_OF_DOCUMENTS", "FOLLOW_UP_MLA", "OTHER_URGENCY"]
VALUES = [*TEXTS, 0, 1, 7, -1, 1.5, 1e300, True, False, None, [], {}, [""], [" "], ["login_ip_log"], ["made_up"], [{}]]


def places(value, path=()):
    """Every place in a draft, from the outside."""
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(inner, (*path, key))


def at(draft, path):
    for key in path:
        draft = draft[key]
    return draft


def more(request, rng):
    """Something that one seldom adds by chance."""
    choices = [
        lambda: request["links"].append({"type": "FOLLOW_UP_MLA", **rng.choice([{}, {"caseId": "019ab3c4-2c00-7000-8000-000000000001"},
                                                                              {"reference": "7"}, {"reference": " "}])}),
        lambda: request.update(urgency={"reason": "OTHER_URGENCY", **rng.choice([{}, {"text": "Why"}])}),
        lambda: request.setdefault("atomWarnings", []).append({"atom": rng.choice(["login_ip_log", "x", ""]), "acknowledgedBy": rng.choice(["Doe", "", " "])}),
        lambda: request.setdefault("atomWarnings", []).append({"atom": "login_ip_log", "acknowledgedBy": "Doe", "ours": {"state": "FR"}}),
        lambda: request["measures"].append({"measure": 9, "type": rng.choice(types_pb2.MeasureType.keys()[1:]), "description": "More"}),
        lambda: request["measures"][0].update(atoms=rng.sample(["login_ip_log", "payment_means", "message_bodies", "made_up"], 2)),
        lambda: request["measures"][0].update(dataCategories=[rng.choice(["subscriber", "subscribr", "health", " "])]),
        lambda: request["attachments"][0].update(dataCategory=rng.choice(["traffic", "trafic", ""])),
        lambda: request["attachments"][0].update(chunkRoot="A" * 43 + "=", chunkBytes=rng.choice([0, 1048576])),
        lambda: request["attachments"][0].update(size=rng.choice(["0", "70368744177664", "70368744177665", "-1", "00"])),
        lambda: request["attachments"][0].update(sha256=rng.choice(["", "AAAA", "A" * 42 + "==", "-_" * 21 + "A="])),
        lambda: request["attachments"][0].update(custody=[{"holder": "A", "action": "B", **rng.choice([{}, {"atMs": "2026-01-01T00:00:00Z"}])}]),
        lambda: request["legalBasis"].update(reciprocity=True),
        lambda: request.update(legalBasis={"reciprocity": True, "assurance": "We shall"}),
        lambda: request.update(persons=[], noPersonReason=rng.choice(["", "None known"])),
        lambda: request.update(persons=(request["persons"] * 1001)[:1001]),
        lambda: request.update(reviews=[{"by": "A", **rng.choice([{}, {"standard": "B", "result": "C"}])}]),
        lambda: request.update(dataLocation={"locations": [{"state": rng.choice(["", "IE", "Ireland"])}]}),
        lambda: request["approvals"][0].update(atMs=rng.choice(["2999-01-01T00:00:00Z", "1000", 1764000000, "1764000000000", 0, "2026-02-30T10:00:00Z",
                                                              "2026-01-01T10:00:00.5+01:00", "2026-01-01 10:00:00Z", "9" * 19])),
    ]
    rng.choice(choices)()


def changed(draft, rng):
    draft = copy.deepcopy(draft)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        try:
            if rng.random() < 0.4:
                more(draft["content"]["request"], rng)
                continue
            path = rng.choice(list(places(draft)))
            around = at(draft, path[:-1])
            if rng.random() < 0.5:
                del around[path[-1]]
            else:
                around[path[-1]] = rng.choice(VALUES)
        except (KeyError, TypeError, IndexError, AttributeError):
            pass                    # another change took that away
    return draft


# ------------------------------------------------------------------------------------------------------------ the two verdicts

LOOK = """
    openText("draft.json", arguments[0]);
    const told = document.querySelector(".told .summary"), opened = told === null || told.querySelector("button") !== null;
    if (!opened)
        return { opened, strange: [told.textContent] };
    const strange = Array.from(document.querySelectorAll(".told .summary li"), li => li.textContent);
    check();
    const all = [...looks.values()], box = document.querySelector(".told .summary");
    return { opened, strange, saved: draftText(), good: box.classList.contains("good"), bad: box.classList.contains("bad"),
        title: box.querySelector("h2").textContent, ticks: Array.from(document.querySelectorAll(".count"), count => count.textContent),
        doubts: all.flatMap(look => look.doubts.map(one => one.path)), faults: all.flatMap(look => look.faults.map(one => one.path)),
        wanted: all.reduce((n, look) => n + look.wanted, 0), there: all.reduce((n, look) => n + look.there, 0), total: totalText.textContent };"""


def plain(path):
    """A path in one spelling; what is acknowledged stands at its term."""
    path = path.replace("_", "").lower()
    return "content.request.atomwarnings" if path.startswith(("terms.", "content.request.atomwarnings")) else path


def is_told(fault, told):
    """At the field, within it or around it: the page looks at the elements that are there, check at the list. A file that
    is no JSON has no fields."""
    if fault == "":
        return told != []
    bare = [re.sub(r"\[\d+\]", "", plain(path)) for path in (fault, *told)]
    return any(one == bare[0] or one.startswith(bare[0] + ".") or bare[0].startswith(one + ".") for one in bare[1:])


def said(value):
    """What a draft says, without what is empty."""
    if isinstance(value, dict):
        return {name: said(one) for name, one in value.items() if said(one) not in ("", [], {}, None)}
    if isinstance(value, list):
        return [said(one) for one in value if said(one) not in ("", [], {}, None)]
    return value


def follows(fault, told):
    """Whether the instrument is in force between two states cannot be said of a state that is missing."""
    return fault.endswith("legal_basis.instrument") and any(plain(path).endswith(("requestingstate", "requestedstate")) for path in told)


def what_the_page_calls_complete_is_complete_for_check():
    figures = {"drafts": 0, "complete for both": 0, "faulty for both": 0, "the page in doubt": 0, "faulty for the page alone": 0}
    with Browser() as b:
        for name, profile in profiles():
            rng = random.Random(f"{SEED} {name}")
            types = rng.sample(measures_of(profile), min(2, len(measures_of(profile))))
            listed = [party["state"] for party in profile.get("parties", [])]
            listed = listed if len(listed) > 1 else ["US", "IE"]
            pairs = [("US", "IE"), ("FR", "ES"), ("DE", "US"), ("FR", "GB"), (listed[0], listed[-1])]
            states = next((pair for pair in pairs if not any("legal" in fault for fault in check(json.dumps(
                whole(name, profile["version"], types, pair)))[1])), pairs[0])
            base = whole(name, profile["version"], types, states)
            b.driver.get(f"file://{form(name, *types, '--from', states[0], '--to', states[1], '--language', 'en')}")
            for n in range(DRAFTS):
                draft = base if n == 0 else changed(base, rng)
                seen = b.script(LOOK, json.dumps(draft))
                what = f"{name}, draft {n}: {json.dumps(draft)}"
                figures["drafts"] += 1
                complete, faults = check(seen["saved"])
                assert not seen["good"] or (complete and "Complete" in seen["title"]), (faults, what)
                assert ("Complete" in seen["title"]) == seen["good"], seen["title"]
                told = seen["faults"] + seen["doubts"]
                untold = [fault for fault in faults if not is_told(fault, told) and not follows(fault, told)]
                assert not untold, (untold, seen["faults"], seen["doubts"], what)
                # What the file says and the saved one does not is told.
                first, _ = check(json.dumps(draft))
                assert first or not complete or seen["strange"] or seen["saved"], what
                if complete and not first:
                    assert seen["strange"] or said(draft) == said(json.loads(seen["saved"])), (check(json.dumps(draft)), what)
                missing = seen["wanted"] - seen["there"]
                assert 0 <= missing <= len(seen["faults"]) or not seen["bad"], seen
                if seen["bad"] and seen["faults"]:
                    assert not all(tick == "✓" for tick in seen["ticks"]), seen
                figures["complete for both" if seen["good"] else "the page in doubt" if not seen["bad"] else
                        "faulty for the page alone" if complete else "faulty for both"] += 1
                if complete and seen["bad"]:
                    print("# alone:", name, n, seen["faults"][:4], flush=True)
            assert not b.complaints()
    print("#", figures, flush=True)
    assert figures["complete for both"] > figures["drafts"] // 10, figures
    assert figures["faulty for the page alone"] < figures["drafts"] // 10, figures


if __name__ == "__main__":
    tests([what_the_page_calls_complete_is_complete_for_check])

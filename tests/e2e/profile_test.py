"""Two authorities whose treaty profiles are not the same: what `treaty diff` shows, and what the time limits say."""
import json

from harness import *

TREATIES = f"{TOP}/tests/fixtures/treaties"


def law(d):
    shutil.copytree(TREATIES, f"{d.dir}/treaties")
    text = open(d.config).read()
    text = text.replace(f'name = "{d.id}" }}', f'name = "{d.id}"\nstate = "{d.id[:2]}" }}\nlaw {{ treaties = "treaties" }}')
    for peer in d.peers:
        text = text.replace(f"peer {peer} {{", f'peer {peer} {{\nstate = "{peer[:2]}"')
    with open(d.config, "w") as f:
        f.write(text)


def diff(d, peer):
    run = d.ctl("--json", "treaty", "diff", peer)
    return run.returncode, json.loads(run.stdout)


us, ie = pair()
law(us)
law(ie)
path, = (f"{ie.dir}/treaties/{name}" for name in os.listdir(f"{ie.dir}/treaties"))
text = open(path).read()
assert 'article = "7"' in text
with open(path, "w") as f:
    f.write(text.replace('article = "7"', 'article = "7(1)"', 1))
shutil.copy(path, f"{ie.dir}/treaties/other.conf")
with open(f"{ie.dir}/treaties/other.conf", "w") as f:
    f.write(text.replace("made-up-2020", "made-up-too"))


@test
def before_a_session_nothing_is_known():
    us.start()
    code, answer = diff(us, "IE")
    assert code == 1 and not answer.get("known") and not answer.get("differences"), answer
    assert us.ctl("treaty", "diff", "XX").returncode == 5


@test
def a_difference_is_shown_field_by_field_on_both_sides():
    ie.start()
    until("the texts", lambda: all(any(d.get("field") for d in diff(x, y)[1].get("differences", []))
                                   for x, y in ((us, "IE"), (ie, "US-OIA"))))
    code, answer = diff(us, "IE")
    field = next(d for d in answer["differences"] if d.get("field"))
    assert code == 1 and (field["ours"], field["theirs"]) == ("7", "7(1)"), answer
    missing = next(d for d in answer["differences"] if not d.get("field"))
    assert (missing["instrument"], missing["theirs"]) == ("made-up-too", "in use"), answer
    code, answer = diff(ie, "US-OIA")
    field = next(d for d in answer["differences"] if d.get("field"))
    assert (field["ours"], field["theirs"]) == ("7(1)", "7"), answer
    assert "7(1)" in us.ctl("treaty", "diff", "IE").stdout
    status = us.ctl("status").stdout
    assert "treaty diff IE" in status, status
    assert "1 treaty profiles differ from ours" in us.log()


@test
def the_same_profiles_are_no_difference():
    shutil.copy(path, f"{us.dir}/treaties/{os.path.basename(path)}")
    shutil.copy(f"{ie.dir}/treaties/other.conf", f"{us.dir}/treaties/other.conf")
    us.stop()
    us.start()
    until("a session", lambda: diff(us, "IE")[1].get("known"))
    code, answer = diff(us, "IE")
    assert code == 0 and answer["equal"] == 2, answer
    assert "No difference: 2 profiles" in us.ctl("treaty", "diff", "IE").stdout


finish(us, ie)

"""What three fixed scenarios cost in instructions, as callgrind counts them, against budgets.json: seconds are noise, and
counts are not. A scenario may take 5 % more than its budget, and so may each of our functions that takes 2 % of it, unless the
scenario as a whole is no dearer: then code was moved. What takes less passes, and is recorded anew, so that it stays.

    cost_test.py BUILD/tests/cost             the test: TAP lines
    cost_test.py BUILD/tests/cost --show      what it costs now, beside the budget
    cost_test.py BUILD/tests/cost --record    writes the budget (make cost RECORD=1)

Counted are the instructions of our own functions, and those of SQLite and protobuf-c together. What libc and libcrypto take
is left out: they choose their code by the processor they run on, so that a count of them would hold on one machine only.
Our own count depends on the compiler, and the libraries' on their versions: each budget says for which it was recorded, and
with others the scenario is skipped until somebody records one there."""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUDGETS = f"{HERE}/budgets.json"
SCENARIOS = {"new-cases": "message in a case of its own, from submission to receipt",
             "one-case": "note in a case of many",
             "reading": "status, list of cases, case and events"}
TOLERANCE = 0.05
MOVED = 1.002  # of the budget of all: what a function grew by others did not lose
HOT = 0.02  # of our own instructions
LIBRARIES = ("libsqlite3", "libprotobuf-c")
SHOWN = 12
PART = 0.003  # of our own instructions: smaller functions are not recorded


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def built_with(program):
    """The compiler of the program, or why its count says nothing."""
    with open(os.path.dirname(os.path.dirname(program)) + "/flags") as f:
        flags = f.read().split()
    if not os.path.basename(flags[0]).startswith("gcc") or "-O2" not in flags or any(
            f.startswith(("-fsanitize", "--coverage", "-fprofile")) for f in flags):
        return None, "counts are recorded for gcc -O2 without sanitizers"
    return f"gcc {output(flags[0], '-dumpversion').split('.')[0]}", None


def library_versions():
    """Of those whose instructions are counted: without the revision of the package, which changes no algorithm."""
    return " ".join(f"{name} {output('pkg-config', '--modversion', name)}" for name in ("sqlite3", "libprotobuf-c"))


def count(program, scenario):
    """Instructions each time, ours by function and the libraries' in all."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        run = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=measured", f"--callgrind-out-file={out}",
                              program, scenario], capture_output=True, text=True, cwd=TOP)
        if run.returncode != 0:
            raise RuntimeError(f"{scenario} failed under valgrind:\n{run.stdout[-1500:]}{run.stderr[-1500:]}")
        times = int(re.search(r"^(\d+)$", run.stdout, re.M).group(1))
        with open(out) as f:
            ours, libraries = parse(f)
    return {name: n / times for name, n in ours.items()}, libraries / times


def parse(lines):
    """The format is described in valgrind's manual, "Callgrind Format Specification". Names are given once, with a number."""
    names = {"ob": {}, "fl": {}, "fn": {}}
    at = {"ob": "", "fl": "", "fn": ""}
    kinds = {"ob": "ob", "fl": "fl", "fi": "fl", "fe": "fl", "fn": "fn", "cob": "ob", "cfi": "fl", "cfl": "fl", "cfn": "fn"}
    ours, libraries = {}, 0
    of_call = False
    for line in lines:
        if m := re.match(r"(\w+)=\((\d+)\)(?: (.*))?$", line):
            kind = kinds.get(m.group(1))
            if kind is None:
                continue
            if m.group(3) is not None:
                names[kind][m.group(2)] = m.group(3)
            if not m.group(1).startswith("c"):
                at[kind] = names[kind][m.group(2)]
        elif line.startswith("calls="):
            of_call = True
        elif line[:1].isdigit() or line[:1] in "+-*":
            if of_call:  # what the callee took
                of_call = False
                continue
            n = int(line.split()[1])
            if any(name in at["ob"] for name in LIBRARIES):
                libraries += n
            elif re.search(r"(^|/)(daemon|build.*/gen)/", at["fl"]):
                name = at["fn"].split("'")[0]
                ours[name] = ours.get(name, 0) + n
    return ours, libraries


def read():
    try:
        with open(BUDGETS) as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


def grown(now, before):
    """The functions whose count changed most, those that grew first."""
    changes = sorted(((now.get(f, 0) - before.get(f, 0), f) for f in {*now, *before}), key=lambda c: -c[0])
    return "\n".join(f"    {change:+10,.0f}  {f} ({before.get(f, 0):,.0f} -> {now.get(f, 0):,.0f})"
                     for change, f in changes[:SHOWN] if change > 0)


def judge(what, now, budget):
    """None: within the tolerance."""
    change = now / budget - 1
    if change < -TOLERANCE:
        print(f"# {what}: {now:,.0f}, {-change:.0%} below the budget: record what was gained with make cost RECORD=1")
    if change <= TOLERANCE:
        return None
    return (f"{what}: {now:,.0f} instructions each time, {change:.1%} more than the budget of {budget:,.0f}; "
            f"{TOLERANCE:.0%} are tolerated. If it has to be so, record it: make cost RECORD=1")


def dearer(functions, own):
    """Of the hot ones."""
    if sum(functions.values()) < MOVED * own["ours"]:
        return []
    return [f"{name}: {functions.get(name, 0):,.0f} instructions of its own each time, more than 5 % above its {before:,.0f}. "
            "If it has to be so, record it: make cost RECORD=1" for name, before in own["functions"].items()
            if before > HOT * own["ours"] and functions.get(name, 0) > before * (1 + TOLERANCE)]


def main():
    program, mode = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    compiler, why = built_with(program)
    if why is None and subprocess.run(["valgrind", "--version"], capture_output=True).returncode != 0:
        why = "valgrind is missing"
    if why is not None and mode:
        sys.exit(f"{why}")
    versions = library_versions()
    budgets = read()
    failed = 0
    for number, (scenario, words) in enumerate(SCENARIOS.items(), 1):
        own, theirs = (budgets.get(key, {}).get(scenario) for key in (compiler, versions))
        missing = [key for key, b in ((compiler, own), (versions, theirs)) if b is None]
        if mode == "" and (why or len(missing) == 2):
            print(f"ok {number} - a {words} # SKIP {why or f'no budget was recorded with {compiler} and {versions}'}")
            continue
        functions, libraries = count(program, scenario)
        ours = sum(functions.values())
        kept = {f: round(n) for f, n in sorted(functions.items(), key=lambda x: -x[1]) if n >= PART * ours}
        if mode == "--record":
            budgets.setdefault(compiler, {})[scenario] = {"ours": round(ours), "functions": kept}
            budgets.setdefault(versions, {})[scenario] = {"libraries": round(libraries)}
        if mode:
            print(f"{scenario}: ours {ours:,.0f}" + (f" (budget {own['ours']:,})" if own else "")
                  + f", libraries {libraries:,.0f}" + (f" (budget {theirs['libraries']:,})" if theirs else ""), flush=True)
            for f, n in list(kept.items())[:10]:
                print(f"  {n:10,}  {f}")
            continue
        faults = []
        if own is not None and (fault := judge("our own functions", ours, own["ours"])):
            faults.append(f"{fault}\nwhich grew:\n{grown(kept, own['functions'])}")
        elif own is not None:
            faults += dearer(functions, own)
        if theirs is not None and (fault := judge("SQLite and protobuf-c", libraries, theirs["libraries"])):
            faults.append(fault + (f"\nwhich of ours grew:\n{grown(kept, own['functions'])}" if own and not faults else ""))
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - a {words}", flush=True)
        for line in "\n".join(faults).splitlines():
            print(f"# {line}")
    if mode == "--record":
        with open(BUDGETS, "w") as f:
            json.dump(budgets, f, indent=1)
            f.write("\n")
        print(f"recorded in {os.path.relpath(BUDGETS)}")
    elif mode == "":
        print(f"1..{len(SCENARIOS)}")
    sys.exit(failed > 0)


main()

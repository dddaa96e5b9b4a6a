#!/usr/bin/python3
"""The manual pages and what the programs say of themselves with --help: each command and option of the one stands in
the other, and all pages name each other.

    pages_test.py COMITYD COMITYCTL      TAP
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMITYD, COMITYCTL = sys.argv[1:3]
PKI = f"{TOP}/certs/comity-pki"
# Pages of others that ours name, with the package that has them.
OTHERS = {"openssl(1)": "openssl", "openssl-cms(1)": "openssl", "sha256sum(1)": "coreutils", "sqlite3(1)": "sqlite3",
          "systemctl(1)": "systemd", "journalctl(1)": "systemd"}
# Options that say something about a file, wherever one is handed over.
ABOUT_A_FILE = "Ar description"

failed = []
count = 0


def tap(name, faults):
    global count
    count += 1
    print(f"{'not ok' if faults else 'ok'} {count} - {name}")
    for fault in faults:
        print(f"# {fault}")
    failed.extend(faults)


def said(*command):
    """Help is taken where it was asked for, and where nothing was: then it comes with the refusal."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return run.stdout


def options(text):
    """Those of a help: in its usage, which ends at an empty line, and where a line begins with one."""
    usage = re.split(r"\n\n", text, 1)[0]
    return set(re.findall(r"--([a-z][a-z-]*)", usage)) | set(re.findall(r"^ +(?:-[a-z], )?--([a-z][a-z-]*)", text, re.M))


def page(name):
    return open(f"{TOP}/contrib/man/{name}").read().replace("\\-", "-")


class Items:
    """The commands of a page in mdoc: of each the flags in its heads, which may be several."""

    def __init__(self, text, names):
        self.flags, self.description = {}, set(re.findall(
            r"^\.It Fl -([a-z-]+)", re.search(r"^The description.*?^\.El$", text, re.M | re.S)[0], re.M)
            if ABOUT_A_FILE in text else [])
        heads = re.findall(r"^\.It Xo\n(.*?)^\.Xc$|^\.It (Cm [^\n]*)$", text, re.M | re.S)
        for head in (a or f".{b}\n" for a, b in heads):
            command = re.match(r"\.Cm ([a-z-]+(?: [a-z-]+)?)", head)[1]
            known = [n for n in names if (command + " ").startswith(n + " ")]
            if not known:
                self.flags.setdefault(command, set())
                continue
            flags = set(re.findall(r"Fl -([a-z][a-z-]*)", head))
            if ABOUT_A_FILE in head or "Fl -attach" in head:
                flags |= self.description
            self.flags.setdefault(known[0], set()).update(flags)


def compare(program, names, text, help_of):
    items = Items(text, names)
    # A word of a list within the item of a command is no command.
    tap(f"{program}: each command of --help is in its page", [f"{n} is not" for n in names if n not in items.flags])
    for name in names:
        told = help_of(name)
        flags = items.flags.get(name, set())
        tap(f"{program} {name}: --help and the page have the same options",
            [f"--{o} is not in the page" for o in sorted(told - flags)] + [f"--{o} is not in --help" for o in sorted(flags - told)])


def comityctl():
    text = page("comityctl.1")
    told = said(COMITYCTL, "--help")
    names = [n for n in re.findall(r"^  ([a-z][a-z -]*[a-z])  +", told, re.M) if not n.startswith("help")]
    tap("comityctl --help lists its commands", [] if len(names) > 30 else [told])
    compare("comityctl", names, text, lambda name: options(said(COMITYCTL, "help", *name.split())))
    globals_ = set(re.findall(r"^  --([a-z]+)", told, re.M)) | {"help"}
    described = set(re.findall(r"Fl -([a-z]+)", text.split(".Ss Saying")[0]))
    tap("comityctl: the options of every command", [f"--{o}" for o in sorted(globals_ ^ described)])
    lists = re.search(r"^\.Cm health\n\.Op.*?^\.Bl .*?^\.El", text, re.M | re.S)[0]
    limits = set(re.findall(r"^\.It Cm ([a-z-]+)", lists, re.M))
    told = said(COMITYCTL, "help", "health")
    told = set(re.findall(r"^([a-z-]+)  +[0-9]", told, re.M))
    tap("comityctl health: --help and the page have the same limits", sorted(limits ^ told))


def comity_pki():
    text = page("comity-pki.1")
    told = said(PKI, "--help")
    names = re.findall(r"^  ([a-z]+)  +", told, re.M)
    tap("comity-pki --help lists its commands", [] if len(names) > 5 else [told])
    compare("comity-pki", names, text, lambda name: options(said(PKI, name, "--help")))


def comityd():
    told = options(said(COMITYD, "--help"))
    described = set(re.findall(r"--([a-z][a-z-]*)", page("comityd.8").split(".SH SIGNALS")[0]))
    tap("comityd: --help and the page have the same options",
        [f"--{o}" for o in sorted(told ^ described)] + ([] if told else ["there is none"]))


def configuration():
    """The commented file and its page."""
    text = open(f"{TOP}/config/comityd.conf").read()
    options_ = set(re.findall(r"^[\t #]*([a-z_]+) = ", text, re.M))
    tags = re.findall(r"^\.TP\n\.B[A-Z]? (.*)", page("comityd.conf.5"), re.M)
    described = {word for tag in tags for word in re.findall(r"[a-z_]+", tag)}
    sections = set(re.findall(r"^[\t #]*([a-z_]+)(?: [A-Za-z]+)? \{$", text, re.M))
    tap("each option of comityd.conf is in its page, and the other way round",
        sorted((options_ - described) | (described - options_ - sections)))


def see_also():
    ours = {re.sub(r"(.*)\.([0-9])$", r"\1(\2)", os.path.basename(path)): path for path in glob.glob(f"{TOP}/contrib/man/*")}
    tap("every program and file has a page", sorted({"comityd(8)", "comityctl(1)", "comity-pki(1)", "comityd.conf(5)",
                                                      "comity.treaty(5)", "comity.calendar(5)"} ^ set(ours)))
    for name, path in sorted(ours.items()):
        text = page(os.path.basename(path))
        references = lambda part: [f"{a}({b})" for a, b in re.findall(
            r"^\.(?:Xr|BR) ([a-z0-9.-]+) \(?([0-9])\)?", part, re.M)]
        also = references(re.split(r"^\.S[hH] \"?SEE ALSO\"?$", text, flags=re.M)[1])
        tap(f"{name} names all the others", sorted(set(ours) - {name} - set(also)))
        tap(f"{name} names only pages that there are", [n for n in references(text) if n not in ours and n not in OTHERS])
        order = lambda n: (n[-2], n)
        tap(f"{name} names them in order", [] if also == sorted(also, key=order) else [" ".join(also)])
        first = re.match(r"\.(?:TH|Dt) ([A-Z.-]+) ([0-9])|\.Dd .*\n\.Dt ([A-Z.-]+) ([0-9])", text)
        title = next(f"{a.lower()}({b})" for a, b in (first.group(1, 2), first.group(3, 4)) if a)
        tap(f"{name} is what its head says", [] if title == name else [title])


comityctl()
comity_pki()
comityd()
configuration()
see_also()
print(f"1..{count}")
sys.exit(bool(failed))

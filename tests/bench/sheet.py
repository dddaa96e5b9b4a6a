"""The figures of a run: JSON while they come, and one table of it at the end."""
import json
import os
import platform
import statistics
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def say(text):
    """What is done at present, so that nobody waits in front of an empty screen."""
    print(f"# {time.strftime('%H:%M:%S')} {text}", flush=True)


def version():
    run = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def machine(folder):
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())
    system = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True).stdout.strip()
    return {"processors": os.cpu_count(), "processor": model, "kernel": platform.release(), "file system": system,
            "version": version(), "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


class Sheet:
    """Each figure has a name for programs, words for people, a unit, and a value a run."""

    def __init__(self, path, folder):
        self.path = path
        self.about = machine(folder)
        self.about["load at the start"] = os.getloadavg()[0]
        self.figures = {}
        self.skipped = {}
        if self.about["file system"] == "tmpfs":
            self.skip("durable writes", f"{folder} is in memory, where a sync costs nothing: set TMPDIR to a folder of a disk")

    def add(self, name, words, value, unit, group="messages"):
        f = self.figures.setdefault(name, {"group": group, "words": words, "unit": unit, "values": []})
        f["values"].append(value)
        self.save()

    def skip(self, what, why):
        if what not in self.skipped:
            say(f"{what}: skipped, {why}")
        self.skipped[what] = why
        self.save()

    def take(self, path, group):
        """Figures that another program has left there: name, words, value and unit."""
        if os.path.exists(path):
            with open(path) as f:
                for name, words, value, unit in json.load(f):
                    self.add(name, words, value, unit, group)
            os.unlink(path)

    def median(self, name):
        f = self.figures.get(name)
        return statistics.median(f["values"]) if f else None

    def ratio(self, name, words, above, below):
        """Of two figures, run by run: what differs between machines and hours is in both."""
        if above in self.figures and below in self.figures:
            for a, b in zip(self.figures[above]["values"], self.figures[below]["values"]):
                if b:
                    self.add(name, words, a / b, "", "ratios, both sides in one run")

    def save(self):
        self.about["load at the end"] = os.getloadavg()[0]
        figures = {name: {**f, "median": statistics.median(f["values"]), "least": min(f["values"]), "most": max(f["values"])}
                   for name, f in self.figures.items()}
        with open(self.path + ".new", "w") as f:
            json.dump({"about": self.about, "figures": figures, "skipped": self.skipped}, f, indent=1)
            f.write("\n")
        os.rename(self.path + ".new", self.path)

    def print(self):
        print("\n" + ", ".join(f"{k} {v:.1f}" if isinstance(v, float) else f"{k} {v}" for k, v in self.about.items()))
        wide = max([len(f["words"]) + len(f["unit"]) + 2 for f in self.figures.values()] or [0])
        for group in dict.fromkeys(f["group"] for f in self.figures.values()):
            print(f"\n{group:<{wide}} {'median':>12}  {'least':>10} to {'most':>10}")
            for f in self.figures.values():
                if f["group"] != group:
                    continue
                shown = [figure(x) for x in (statistics.median(f["values"]), min(f["values"]), max(f["values"]))]
                spread = f"{shown[1]:>10} to {shown[2]:>10}" if len(f["values"]) > 1 else ""
                print(f"{f['words'] + (', ' + f['unit'] if f['unit'] else ''):<{wide}} {shown[0]:>12}  {spread}".rstrip())
        for what, why in self.skipped.items():
            print(f"skipped: {what}: {why}")
        print(f"\nas JSON: {os.path.relpath(self.path)}", flush=True)


def figure(x):
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"

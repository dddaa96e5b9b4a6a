"""Messages between two daemons on loopback, and between one and many: the figures of `make bench`."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Client, Daemon, DIR, connected, local_pb2, pair, pki, said  # noqa: E402
from meter import Meter, Syncs, cpu, memory, stored  # noqa: E402
from sheet import say  # noqa: E402

LOAD = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1]))), "tests", "load")
TEXT = 900   # bytes of what people write in a message: about 1 KiB when it leaves
N = int(os.environ.get("MESSAGES") or 20000)  # of the main figures
CHUNK = 100000  # messages that the driver holds at one time
turn = 0


def load_command(daemon, messages, *options):
    global turn
    turn += 1
    return [LOAD, "--socket", daemon.socket, "--tag", f"t{turn}", "--messages", str(messages), "--bytes", str(TEXT),
            "--patience", "600", "--progress", f"{daemon.id} hands in", *map(str, options)]


def load(daemon, messages, *options):
    """What the driver measured."""
    run = subprocess.run(load_command(daemon, messages, *options), stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"the driver failed; the last lines of {daemon.id}:\n{daemon.log()[-1000:]}")
    result = json.loads(run.stdout.splitlines()[-1])
    if result["refused"]:
        raise RuntimeError(f"{result['refused']} of {messages} messages were refused: a figure would count what was not done")
    return result


def start(daemon):
    """Seconds until it is ready."""
    began = time.monotonic()
    daemon.start()
    return time.monotonic() - began


def start_both(us, ie):
    seconds = [start(us), start(ie)]
    connected(us, "IE")
    return seconds


def close(*daemons):
    for d in daemons:
        d.stop()
    shutil.rmtree(daemons[0].base)


def finish():
    shutil.rmtree(DIR, ignore_errors=True)


def rates(sheet, us, ie):
    """With the receipt in the sender's hands, by clients; what a message costs."""
    say(f"rates of 1, 16 and 64 clients, {N:,} messages each")
    syncs = Syncs.why_not()
    if syncs:
        sheet.skip("syncs a message", syncs)
    for clients in (1, 16, 64):
        meter = Meter(us, ie, not syncs) if clients == 16 else None
        r = load(us, N, "--clients", clients)
        sheet.add(f"rate_{clients}", f"rate until the receipt is held, {clients} client{'s' * (clients > 1)}",
                  r["receipts_per_s"], "1/s")
        if not meter:
            continue
        cost = meter.end(N)
        sheet.add("accepted_16", "rate until accepted, 16 clients", r["accepted_per_s"], "1/s")
        sheet.add("driver", "of a processor that the driver used, 16 clients", r["driver_cpu_s"] / (r["end"] - r["start"]), "")
        for i, side in enumerate(("sender", "receiver")):
            sheet.add(f"cpu_{side}", f"processor for a message, {side}", cost["cpu"][i] * 1e6, "us")
            if "written" in cost:
                sheet.add(f"written_{side}", f"written to the disk for a message, {side}", cost["written"][i], "bytes")
            if "syncs" in cost:
                sheet.add(f"syncs_{side}", f"syncs for a message, {side}", cost["syncs"][i], "")
        if "wire" in cost:
            sheet.add("wire", "on the wire for a message, both ways", cost["wire"], "bytes")
    for side, d in (("sender", us), ("receiver", ie)):
        sheet.add(f"rss_{side}", f"memory under load, {side}", memory(d.process.pid), "MiB")
        sheet.add(f"rss_most_{side}", f"memory at most, {side}", memory(d.process.pid, "VmHWM"), "MiB")


def latency(sheet, us):
    say("latency of 2,000 messages one at a time, then at half of the rate of 16 clients")
    r = load(us, 2000, "--window", 1, "--to-receipt")
    add_latency(sheet, r, "one", "one at a time")
    rate = int(sheet.figures["rate_16"]["values"][-1] / 2)
    r = load(us, max(1000, rate * 5), "--clients", 16, "--rate", rate)
    add_latency(sheet, r, "half", "at half of the rate")


def add_latency(sheet, result, name, words):
    for until in ("accepted", "receipt"):
        for part in ("p50", "p99", "p99.9"):
            sheet.add(f"{name}_{until}_{part}", f"{words}, until {'the receipt' if until == 'receipt' else until}, {part}",
                      result[f"{until}_ms"][part], "ms")


def status(sheet, us, name, words):
    """How long people and monitors wait for it."""
    client = Client(us)
    times = []
    for _ in range(200):
        began = time.monotonic()
        client.call(get_status=local_pb2.GetStatus())
        times.append((time.monotonic() - began) * 1000)
    client.close()
    times.sort()
    sheet.add(f"status_{name}", f"status with {words}, p50", times[100], "ms")
    sheet.add(f"status_p99_{name}", f"status with {words}, p99", times[198], "ms")


def fill(us, n):
    while n > 0:
        load(us, min(n, CHUNK), "--clients", 16)
        n -= CHUNK


def fresh(sheet, runs, rival):
    """A store that is empty at first: the main figures, run by run with those of others, and its growth."""
    us, ie = pair()
    seconds = start_both(us, ie)
    sheet.add("start_empty", "start until ready, empty store", seconds[0], "s")
    sheet.add("rss_idle", "memory of a daemon with one peer, idle", memory(us.process.pid), "MiB")
    us.stop()
    ie.stop()
    before = [stored(us), stored(ie)]
    start_both(us, ie)
    say("the growth of the store by 20,000 messages")
    load(us, 20000, "--clients", 16)
    us.stop()
    ie.stop()
    for side, d, b in (("sender", us, before[0]), ("receiver", ie, before[1])):
        sheet.add(f"disk_{side}", f"on the disk for a message of {TEXT} bytes, {side}", (stored(d) - b) / 20000, "bytes")
    close(us, ie)
    for run in range(runs):
        us, ie = pair()
        start_both(us, ie)
        if runs > 1:
            say(f"run {run + 1} of {runs}")
        load(us, 2000, "--clients", 16)  # so that all pages have been touched
        rates(sheet, us, ie)
        latency(sheet, us)
        close(us, ie)
        rival()


def by_cases(sheet, sizes):
    """Notes that both sides write in the same cases, until each has so many; a side may write 768 (law/room.h)."""
    for size in sizes:
        us, ie = pair()
        start_both(us, ie)
        cases = max(2, 4000 // size)
        each = size // 2
        say(f"{cases} cases of {size} messages, half of them of each side")
        path = f"{us.base}/cases"
        load(us, cases, "--clients", 4, "--open", path)
        commands = [load_command(d, cases * each, "--clients", 8, "--cases", path) for d in (us, ie)]
        drivers = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True) for c in commands]
        results = [json.loads(d.communicate()[0].splitlines()[-1]) for d in drivers]
        if any(r["refused"] for r in results):
            raise RuntimeError(f"notes were refused in cases of {size} messages")
        seconds = max(r["end"] for r in results) - min(r["start"] for r in results)
        sheet.add(f"case_{size}", f"rate with {size:,} messages in a case, both sides writing", 2 * cases * each / seconds, "1/s")
        close(us, ie)
    sheet.ratio("case_ratio", f"rate with {sizes[-1]:,} messages in a case against {sizes[0]}", f"case_{sizes[-1]}",
                f"case_{sizes[0]}")


def by_stored(sheet, sizes):
    us, ie = pair()
    start_both(us, ie)
    done = 0
    for size in (0, *sizes):
        if size > done:
            say(f"the store is filled to {size:,} messages")
            fill(us, size - done)
        r = load(us, 10000, "--clients", 16)
        done = size + 10000
        sheet.add(f"stored_{size}", f"rate with {size:,} messages stored", r["receipts_per_s"], "1/s")
    for side, d in (("sender", us), ("receiver", ie)):
        sheet.add(f"rss_stored_{side}", f"memory with {size:,} messages stored, {side}", memory(d.process.pid), "MiB")
    status(sheet, us, "stored", f"{size:,} messages stored")
    sheet.ratio("stored_ratio", f"rate with {size:,} messages stored against none", f"stored_{size}", "stored_0")
    us.stop()
    ie.stop()
    sheet.add("start_stored", f"start until ready, {size:,} messages stored", start(us), "s")
    close(us, ie)


def recovery(sheet, backlog):
    """The receiver was away; while all comes, urgent messages are handed in one at a time."""
    say(f"{backlog:,} messages wait for a peer that is away")
    us, ie = pair()
    start_both(us, ie)
    ie.stop()
    all_of_it = subprocess.Popen(load_command(us, backlog, "--clients", 16, "--say-accepted"), stdout=subprocess.PIPE,
                                 text=True)
    if all_of_it.stdout.readline() != "accepted\n":
        raise RuntimeError("the backlog was not accepted")
    status(sheet, us, "backlog", f"{backlog:,} messages waiting")
    since = len(us.log())
    ie.start()
    said(us, ": connected", since)
    began = time.monotonic()
    urgent = subprocess.Popen(load_command(us, 100000, "--window", 1, "--to-receipt", "--urgent"), stdout=subprocess.PIPE,
                              text=True)
    result = json.loads(all_of_it.communicate()[0].splitlines()[-1])
    urgent.terminate()
    meanwhile = json.loads(urgent.communicate()[0].splitlines()[-1])
    sheet.add(f"recovery_{backlog}", f"{backlog:,} waiting messages leave", backlog / (result["end"] - began), "1/s")
    for part in ("p50", "p99"):
        sheet.add(f"urgent_{part}_{backlog}", f"an urgent message meanwhile, until the receipt, {part}",
                  meanwhile["receipt_ms"][part], "ms")
    close(us, ie)


def by_peers(sheet, sizes):
    """All peers run on the same machine, so that the rate falls with their number; the processor of the hub tells more."""
    for n in sizes:
        say(f"{n} peer{'s' * (n > 1)}")
        base = tempfile.mkdtemp(dir=DIR)
        ids = [f"P{i:03d}" for i in range(n)]
        pki(base, "HUB", *ids)
        hub = Daemon(base, "HUB", ids)
        peers = [Daemon(base, i, ["HUB"]) for i in ids]
        hub.configure({p.id: p.port for p in peers}, dial=False)
        hub.start()
        for p in peers:
            p.configure({"HUB": hub.port})
            p.start()
        for i in ids:
            said(hub, f"peer {i}: connected")
        if n > 1:
            sheet.add(f"rss_peers_{n}", f"memory with {n} peers, idle", memory(hub.process.pid), "MiB")
        load(hub, 2000, "--to", "P", "--peers", n, "--clients", 16)
        before = cpu(hub.process.pid)
        r = load(hub, 10000, "--to", "P", "--peers", n, "--clients", 16)
        sheet.add(f"peers_{n}", f"rate to {n} peer{'s' * (n > 1)}, all on this machine", r["receipts_per_s"], "1/s")
        sheet.add(f"cpu_peers_{n}", f"processor for a message, sender with {n} peer{'s' * (n > 1)}",
                  (cpu(hub.process.pid) - before) / 10000 * 1e6, "us")
        for p in peers:
            p.process.terminate()
        close(hub, *peers)

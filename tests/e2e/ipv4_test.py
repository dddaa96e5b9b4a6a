"""A kernel without IPv6: the default address to listen on does without, and one that was asked for does not."""
import re

from harness import *

us, ie = pair()
ONLY_IPV4 = ["unshare", "-rn", "/usr/bin/python3", f"{TOP}/tests/e2e/no_ipv6.py"]
probe = subprocess.run([*ONLY_IPV4, "/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET6)"],
                       capture_output=True, text=True)
if "Address family not supported" not in probe.stderr:
    print(f"ok 1 - a kernel without IPv6 # SKIP neither namespace nor filter: {(probe.stderr.splitlines() or ['?'])[-1]}\n1..1")
    sys.exit(0)


def listening(d, *addresses):
    """Its configuration with these addresses, or with none."""
    d.configure({"IE": ie.port})
    with open(d.config) as f:
        text = f.read()
    with open(d.config, "w") as f:
        f.write(re.sub(r"(?m)^listen = .*$", f"listen = {{ {', '.join(addresses)} }}" if addresses else "", text))


@test
def the_default_goes_on_with_ipv4_and_says_so():
    us.enter = ONLY_IPV4
    listening(us)
    us.start()
    assert "warning: the kernel has no IPv6: only 0.0.0.0:5671 is listened on" in us.log(), us.log()
    run = subprocess.run(["nsenter", "-U", "-n", "-t", str(us.process.pid), "--preserve-credentials", "ss", "-Hltn"],
                         capture_output=True, text=True)
    assert run.returncode == 0 and re.findall(r"\S+:5671\b", run.stdout) == ["0.0.0.0:5671"], run
    us.stop()


@test
def an_address_that_was_asked_for_is_not_left_out():
    listening(us, '"0.0.0.0:5671"', '"[::]:5671"')
    run = subprocess.run([*ONLY_IPV4, COMITYD, "--config", us.config], capture_output=True, text=True, timeout=DEADLINE)
    assert run.returncode == 1 and "cannot listen on '[::]:5671': Address family not supported" in run.stderr, run
    assert "IPv4" in run.stderr, run


@test
def with_ipv6_the_default_is_both():
    us.enter = ["unshare", "-rn"]
    listening(us)
    here = len(us.log())
    us.start()
    assert "no IPv6" not in us.log()[here:]
    us.stop()


finish(us, ie)

"""The worked example and the traces of PROTOCOL.md are what the code does."""
import hashlib
import re
import struct

from harness import *

PAGE = open(f"{TOP}/proto/PROTOCOL.md").read()
TOOL = os.path.join(os.path.dirname(os.path.dirname(COMITYD)), "tests", "json_tool")


def indented(after):
    """The indented blocks of a section."""
    section = PAGE[PAGE.index(after):]
    return ["\n".join(line[4:] for line in block.splitlines())
            for block in re.findall(r"(?:^    .*\n?)+", section, re.M)]


EXAMPLE = indented("## A worked example")


def by_c(text):
    """Our own JSON parser and serialiser."""
    record = b"parse comity.v1.Message\n" + text.encode()
    run = subprocess.run([TOOL], input=struct.pack(">I", len(record)) + record, capture_output=True, check=True)
    assert run.stdout[4:5] == b"+", run.stdout
    return run.stdout[5:]


@test
def the_example_message_has_the_bytes_of_the_page_in_c_and_in_python():
    message = bytes.fromhex(EXAMPLE[1].replace("\n", ""))
    assert by_c(EXAMPLE[0]) == message
    assert json_format.Parse(EXAMPLE[0], case_pb2.Message()).SerializeToString() == message
    digest = hashlib.sha256(message).hexdigest()
    assert digest in EXAMPLE[2] and f"`{digest}`" in PAGE
    assert f"these {len(message)} bytes" in PAGE


@test
def the_example_manifest_is_checked_by_sha256sum_and_has_the_digest_of_the_page():
    text = EXAMPLE[2] + "\n"
    name = text.split()[-1]
    with open(f"{DIR}/{name}", "wb") as f:
        f.write(bytes.fromhex(EXAMPLE[1].replace("\n", "")))
    subprocess.run(["sha256sum", "--strict", "-c"], input=text.encode(), cwd=DIR, check=True, capture_output=True)
    assert f"`{hashlib.sha256(text.encode()).hexdigest()}`" in PAGE


@test
def the_page_quotes_the_golden_traces():
    folder = f"{TOP}/tests/traces"
    traces = {name for name in os.listdir(folder) if name != "stories"}  # of the law: for whoever reads the treaties
    assert len(traces) >= 6
    for name in traces - {"dissolved-first.txt"}:  # a backlog of 18 parcels: too long for the page
        if name.startswith("restored-"):  # what happens after several restores (tests/unit/restored_test.c): too special
            continue
        text = "\n".join("    " + line for line in open(f"{folder}/{name}").read().splitlines())
        assert text in PAGE, name


finish()

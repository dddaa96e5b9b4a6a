"""What proto/comments.awk makes of the comments of the schema is what protoc itself finds in it: a comment for each name
that has one. protoc takes the first line of a comment behind a field alone; forms show the lines below as well."""
import glob
import os
import re
import subprocess
import tempfile

from google.protobuf import descriptor_pb2

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROTOS = sorted(glob.glob(f"{TOP}/proto/comity/v1/*.proto"))


def by_protoc():
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", f"-I{TOP}/proto", "--include_source_info", f"-o{out.name}", *PROTOS], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read()).file
    found = {}
    for f in files:
        for place in f.source_code_info.location:
            path = list(place.path)
            if path[:1] not in ([4], [5]) or len(path) not in (2, 4) or (len(path) == 4 and path[2] != 2):
                continue
            part = f.message_type[path[1]] if path[0] == 4 else f.enum_type[path[1]]
            members = part.field if path[0] == 4 else part.value
            name = part.name if len(path) == 2 else f"{part.name}.{members[path[3]].name}"
            text = " ".join((place.trailing_comments or place.leading_comments).split())
            if text:
                found[name] = text
    return found


def by_awk():
    table = subprocess.run(["awk", "-f", f"{TOP}/proto/comments.awk", *PROTOS], check=True, capture_output=True, text=True).stdout
    rows = re.findall(r'^\t\{ "(.*?)", "((?:[^"\\]|\\.)*)" \},$', table, re.M)
    assert len(rows) == table.count("\n\t{"), "a row that is none"
    assert len({name for name, _ in rows}) == len(rows), "a name stands twice"
    return {name: re.sub(r"\\(.)", r"\1", text) for name, text in rows}


theirs, ours = by_protoc(), by_awk()
faults = [f"{name}: protoc has {theirs.get(name)!r}, the table {ours.get(name)!r}"
          for name in sorted(theirs.keys() | ours.keys())
          if not (name in theirs and ours.get(name, "").startswith(theirs[name]))]
print(f"{'not ok' if faults or len(ours) < 500 else 'ok'} - {len(ours)} comments of the schema")
for fault in faults[:20]:
    print(f"# {fault}")
raise SystemExit(bool(faults) or len(ours) < 500)

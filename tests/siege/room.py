"""A besieged daemon whose evidence has a small disk of its own."""
from siege import *

ME = pwd.getpwuid(os.getuid()).pw_name
MIB = 1 << 20
DISK = 1000 * MIB
CLIENTS = "".join(f'client {name} {{ user = "{ME}"\nrole = {role} }}\n'
                  for name, role in (("mine", "submitter"), ("other", "submitter"),
                                     ("watch", "operator"),
                                     ("chief", "administrator")))


class Small(Ground):
    """With a small disk of its own for evidence, where one may be mounted."""

    def __init__(self, extra, **options):
        super().__init__(f'evidence {{ dir = "DISK"\nkeep_free = "1M" }}\n{CLIENTS}{extra}', **options)
        self.us.client = "desk"
        self.folder = f"{self.us.dir}/small"
        os.mkdir(self.folder, 0o700)
        self.mounted = ROOT and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "siege", self.folder],
                                               capture_output=True, check=False).returncode == 0
        text = open(self.us.config).read()
        with open(self.us.config, "w") as f:
            f.write(text.replace("DISK", self.folder))

    def test(self, function):
        if self.mounted:
            test(function)
        else:
            result(function, skip="no file system may be mounted here")

    def stop(self):
        super().stop()
        if self.mounted:
            subprocess.run(["umount", self.folder], check=True)

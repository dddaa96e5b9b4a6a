"""Others that carry a file over an encrypted connection, and the limits of the machine. Servers are started by hand in
a temporary folder, and ended by their process."""
import hashlib
import mmap
import subprocess

from evidence_site import *

NEEDED = {"scp": {"scp": "openssh-client", "/usr/sbin/sshd": "openssh-server"},
          "rsync": {"rsync": "rsync", "ssh": "openssh-client", "/usr/sbin/sshd": "openssh-server"},
          "curl to nginx": {"curl": "curl", "/usr/sbin/nginx": "nginx-light"}}
HERE = os.path.dirname(os.path.abspath(__file__))


def cipher_speed(name):
    """Bytes a second of one core, in TLS records of the largest size."""
    told = subprocess.run(["openssl", "speed", "-seconds", "2", "-bytes", "16384", "-evp", name], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split()[-1]
    return float(told.removesuffix("k")) * 1000


class Rivals:
    def __init__(self, source):
        self.source, self.processes, self.run_sshd = source, [], None
        self.dir = tempfile.mkdtemp(dir=harness.DIR)
        self.to = f"{self.dir}/dst/f"
        os.mkdir(f"{self.dir}/dst")
        pki(self.dir, "US-OIA", "IE")
        self.names, self.missing = [], []
        for name, needed in NEEDED.items():
            packages = sorted({package for program, package in needed.items() if not shutil.which(program)})
            if packages:
                self.missing.append(f"{name}: not measured; apt-get install {' '.join(packages)} (a server starts when "
                                    f"it is installed, unless /usr/sbin/policy-rc.d says no)")
            else:
                self.names.append(name)
        if "scp" in self.names or "rsync" in self.names:
            self._sshd()
        if "curl to nginx" in self.names:
            self._nginx()

    def _spawn(self, *command):
        with open(f"{self.dir}/{os.path.basename(command[0])}.log", "w") as log:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _up(self, port):
        def connects():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            except OSError:
                return False
        until(f"port {port}", connects)

    def _sshd(self):
        d, port = self.dir, free_port()
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{d}/{key}"], check=True)
        shutil.copy(f"{d}/user.pub", f"{d}/authorized")
        with open(f"{d}/known", "w") as f:
            f.write(f"[127.0.0.1]:{port} {open(f'{d}/host.pub').read()}")
        with open(f"{d}/sshd.conf", "w") as f:
            f.write(f"""Port {port}
ListenAddress 127.0.0.1
HostKey {d}/host
AuthorizedKeysFile {d}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
""")
        if os.getuid() == 0 and not os.path.isdir("/run/sshd"):
            self.run_sshd = "/run/sshd"
            os.mkdir(self.run_sshd, 0o755)
        self._spawn("/usr/sbin/sshd", "-f", f"{d}/sshd.conf", "-D", "-e")
        self._up(port)
        # The fastest cipher that both have.
        self.ssh = ["-c", "aes128-gcm@openssh.com", "-i", f"{d}/user", "-o", f"UserKnownHostsFile={d}/known", "-o",
                    "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", f"Port={port}"]

    def _nginx(self):
        d, self.https = self.dir, free_port()
        user = "user root;" if os.getuid() == 0 else ""
        temporary = " ".join(f"{n}_temp_path {d}/tmp;" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{d}/nginx.conf", "w") as f:
            f.write(f"""daemon off; {user} worker_processes 1; pid {d}/nginx.pid; error_log {d}/nginx.error;
events {{ worker_connections 64; }}
http {{ access_log off; client_max_body_size 0; client_body_buffer_size 1m; {temporary}
 server {{ listen 127.0.0.1:{self.https} ssl; ssl_certificate {d}/IE/tls.pem; ssl_certificate_key {d}/IE/tls.key;
  ssl_client_certificate {d}/IE/peers/US-OIA/ca.pem; ssl_verify_client on; ssl_protocols TLSv1.3;
  location / {{ root {d}/dst; dav_methods PUT; }} }} }}
""")
        self._spawn("/usr/sbin/nginx", "-p", d, "-c", f"{d}/nginx.conf", "-e", f"{d}/nginx.error")
        self._up(self.https)

    def _copy(self, name):
        me = f"{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.to}"
        if name == "scp":
            return ["scp", "-q", *self.ssh, self.source, me]
        if name == "rsync":
            return ["rsync", "--partial", "-e", " ".join(["ssh", *self.ssh]), self.source, me]
        ours = f"{self.dir}/US-OIA"
        return ["curl", "-sSf", "-T", self.source, "--tlsv1.3", "--cacert", f"{ours}/peers/IE/ca.pem", "--cert",
                f"{ours}/tls.pem", "--key", f"{ours}/tls.key", "--resolve",
                f"ie.comity.invalid:{self.https}:127.0.0.1", f"https://ie.comity.invalid:{self.https}/f", "-o", "/dev/null"]

    def run(self, name):
        """Seconds of the source's digest, of the copy, of its fsync, and of its digest."""
        warm(os.stat(self.source).st_size)
        at = [time.monotonic()]
        before = digest(self.source)
        at.append(time.monotonic())
        subprocess.run(self._copy(name), check=True)
        at.append(time.monotonic())
        with open(self.to, "rb") as f:
            os.fsync(f.fileno())
        at.append(time.monotonic())
        assert digest(self.to) == before, f"{name}: the copy differs"
        at.append(time.monotonic())
        os.unlink(self.to)
        return [b - a for a, b in zip(at, at[1:])]

    def _disk(self, size, flags):
        """Bytes a second; 0: the file system cannot."""
        path = f"{self.dir}/dst/limit"
        block = mmap.mmap(-1, MIB)  # aligned
        block.write(os.urandom(MIB))
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
        except OSError:
            return 0
        os.posix_fallocate(fd, 0, size)
        start = time.monotonic()
        for at in range(0, size, MIB):
            os.pwrite(fd, block, at)
        os.fsync(fd)
        took = time.monotonic() - start
        os.close(fd)
        os.unlink(path)
        return size / took

    def limits(self, size):
        """name -> bytes a second"""
        program = f"{self.dir}/tls_limit"
        subprocess.run(["cc", "-O2", "-o", program, f"{HERE}/tls_limit.c", "-lssl", "-lcrypto"], check=True)
        d = f"{self.dir}/US-OIA"
        tls = float(subprocess.run([program, str(size >> 20), f"{d}/tls.pem", f"{d}/tls.key", f"{d}/ca.pem"],
                                   check=True, stdout=subprocess.PIPE, text=True).stdout)
        warm(size)
        disk, direct = self._disk(size, 0), self._disk(size, os.O_DIRECT)
        block = os.urandom(MIB)
        start, h = time.monotonic(), hashlib.sha256()
        for _ in range(1024):
            h.update(block)
        sha, aes, cores = 1024 * MIB / (time.monotonic() - start), cipher_speed("aes-128-gcm"), os.cpu_count()
        found = {"mutual TLS 1.3 over loopback, from memory to memory": tls,
                 "write to a preallocated file and fsync": disk,
                 "the same past the page cache": direct,
                 "SHA-256 of one core": sha,
                 f"{cores} cores that only hash each byte twice (whole and chunk), encrypt and decrypt it":
                 cores / (2 / sha + 2 / aes)}
        return {name: rate for name, rate in found.items() if rate}

    def close(self):
        for p in self.processes:
            p.terminate()
            p.wait()
        if self.run_sshd:
            os.rmdir(self.run_sshd)
        shutil.rmtree(self.dir, ignore_errors=True)

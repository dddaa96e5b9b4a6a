"""Certificates of a CA of the test's own, for what comity-pki does not make."""
from harness import *

CA = "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"
LEAF = "basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature"
TLS = *LEAF, "extendedKeyUsage=serverAuth,clientAuth"
SIGN = *LEAF, "extendedKeyUsage=emailProtection"
P256 = "ec", "-pkeyopt", "ec_paramgen_curve:P-256"


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True, text=True).stdout


def issue(folder, name, ca, days, *extensions, key=P256):
    """NAME.key and NAME.pem in the folder, by that CA in it, None: by itself."""
    path = f"{folder}/{name}"
    with open(f"{path}.ext", "w") as f:
        f.write("\n".join(extensions))
    openssl("req", "-new", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{path}.key", "-out",
            f"{path}.csr")
    os.chmod(f"{path}.key", 0o600)
    by = ("-CA", f"{folder}/{ca}.pem", "-CAkey", f"{folder}/{ca}.key") if ca else ("-signkey", f"{path}.key")
    openssl("x509", "-req", "-in", f"{path}.csr", *by, "-days", str(days), "-extfile", f"{path}.ext", "-out",
            f"{path}.pem")

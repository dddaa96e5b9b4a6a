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
    """NAME.key and NAME.pem in the folder, by that CA in it, None: by itself. It began two days ago; days below 0: it
    has expired, for which newer versions of openssl have no other command."""
    path, work = f"{folder}/{name}", f"{folder}/issued"
    os.makedirs(work, exist_ok=True)
    with open(f"{work}/index", "w"), open(f"{work}/conf", "w") as f:
        f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={work}/index\nunique_subject=no\nnew_certs_dir={work}\n"
                "rand_serial=yes\ndefault_md=default\npolicy=p\n[p]\ncommonName=supplied\n")
    with open(f"{path}.ext", "w") as f:
        f.write("\n".join(extensions))
    openssl("req", "-new", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{path}.key", "-out",
            f"{path}.csr")
    os.chmod(f"{path}.key", 0o600)
    by = ("-cert", f"{folder}/{ca}.pem", "-keyfile", f"{folder}/{ca}.key") if ca else \
        ("-selfsign", "-keyfile", f"{path}.key")
    stamp = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))
    openssl("ca", "-batch", "-notext", "-config", f"{work}/conf", "-in", f"{path}.csr", *by, "-extfile", f"{path}.ext",
            "-startdate", stamp(-2), "-enddate", stamp(days), "-out", f"{path}.pem")

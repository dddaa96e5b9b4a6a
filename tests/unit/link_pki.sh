#!/usr/bin/env bash
# Certificates for link_test: three authorities that trust each other, and
# what goes wrong with them. Usage: link_pki.sh DIR (which must not exist)
set -euo pipefail
umask 077
dir=$1
here=$(cd "$(dirname "$0")/../.." && pwd)

"$here/certs/comity-pki" throwaway "$dir" US-OIA IE FR >/dev/null
cd "$dir"

mkdir issued
: >issued/index
printf '%s\n' '[ca]' default_ca=d '[d]' database=issued/index unique_subject=no new_certs_dir=issued rand_serial=yes \
	default_md=sha256 policy=p '[p]' commonName=supplied >issued/conf
# By days from now, which newer versions of openssl take for no certificate when they are below 0.
issue() { # CA-DIR OUT DAYS SAN
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=test' -keyout "$2.key" -out "$2.csr"
	printf 'subjectAltName=%s\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n' "$4" >ext
	openssl ca -batch -notext -config issued/conf -in "$2.csr" -cert "$1/ca.pem" -keyfile "$1/ca.key" -extfile ext -out "$2.pem" \
		-startdate "$(date -u -d '2 days ago' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "$3 days" +%Y%m%d%H%M%SZ)"
}

make_crl() { # OUT LAST NEXT
	mkdir -p crl
	: >crl/index
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=crl/index\ndefault_md=sha256\n' >crl/conf
	openssl ca -config crl/conf -gencrl -cert IE/ca.pem -keyfile IE/ca.key -crl_lastupdate "$2" -crl_nextupdate "$3" -out "$1"
}

{
	issue IE expired -1 DNS:ie.comity.invalid
	issue IE short 1 DNS:ie.comity.invalid
	issue IE named 30 URI:urn:example:ie
	issue IE stranger 30 DNS:elsewhere.invalid
	# Another CA of the same name and with the same names below it.
	mkdir forged
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout forged/ca.key -out forged/ca.pem \
		-subj "$(openssl x509 -in IE/ca.pem -noout -subject -nameopt compat | sed 's/^subject=//; s/^ *//')" \
		-addext keyUsage=critical,keyCertSign,cRLSign
	issue forged unknown 30 DNS:ie.comity.invalid
	make_crl stale.pem 20200101000000Z "$(date -u -d '-1 hour' +%Y%m%d%H%M%SZ)"
	cp -r IE copy
	"$here/certs/comity-pki" revoke copy copy/tls.pem
} >log 2>&1 || {
	cat log >&2
	exit 1
}

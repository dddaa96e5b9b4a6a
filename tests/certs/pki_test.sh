#!/usr/bin/env bash
# Tests certs/comity-pki with openssl's own commands. TAP on standard output.

set -u
export LC_ALL=C
here=$(cd -- "$(dirname -- "$0")" && pwd)
pki=${COMITY_PKI:-$here/../../certs/comity-pki}
tmp=$(mktemp -d) || exit 1
trap 'cd / && rm -rf -- "$tmp"' EXIT
trap 'exit 130' INT TERM
cd -- "$tmp" || exit 1
out=$tmp/out
count=0
failed=0

report() { # STATUS NAME
    count=$((count + 1))
    if [[ $1 -eq 0 ]]; then
        echo "ok $2"
    else
        failed=$((failed + 1))
        echo "not ok $2"
        while IFS= read -r line; do echo "# $line"; done <"$out"
    fi
}

check() { # NAME COMMAND...
    local name=$1
    shift
    "$@" >"$out" 2>&1
    report $? "$name"
}

# The command must fail, with this exit status, and name this text.
refuses() { # NAME STATUS TEXT COMMAND...
    local name=$1 want=$2 text=$3 got
    shift 3
    "$@" >"$out" 2>&1
    got=$?
    if [[ $got -eq $want && $(<"$out") == *"$text"* ]]; then
        report 0 "$name"
    else
        echo "exit status $got, expected $want and the text '$text'" >>"$out"
        report 1 "$name"
    fi
}

fails() { ! "$@"; }
contains() { [[ $(<"$1") == *"$2"* ]] || { echo "$1 lacks '$2'" && cat -- "$1" && false; }; }
lacks() { [[ $(<"$1") != *"$2"* ]] || { echo "$1 holds '$2'" && false; }; }

certificates_in() { # FILE NUMBER
    local n
    n=$(grep -c 'BEGIN CERTIFICATE' "$1")
    [[ $n -eq $2 ]] || { echo "$1 holds $n certificates, expected $2" && false; }
}

modes() { # MODE FILE...
    local want=$1 file got
    shift
    for file; do
        got=$(stat -c %a -- "$file")
        [[ $got == "$want" ]] || { echo "$file has mode '$got', expected $want" && return 1; }
    done
}

same_key() { # KEY CERT
    [[ $(openssl pkey -in "$1" -pubout) == "$(openssl x509 -in "$2" -noout -pubkey)" ]]
}

# Every file of an authority that must not change when a command is refused.
digest() { (cd -- "$1" && sha256sum ./*.* db/index.txt db/serial db/settings); }

nothing_left() { # DIR
    local left
    left=$(find "$1" -name '.comity-pki*' -o -name '.new*' -o -name lock)
    [[ -z $left ]] || { echo "left behind: $left" && false; }
}

sign() { # DIR KEY-AND-CERT-STEM OUT
    openssl cms -sign -binary -cades -in message -outform DER -out "$3" \
        -signer "$1/$2.pem" -inkey "$1/$2.key"
}

# As a peer does: the signer must be among the pinned certificates.
cms_verify() { # CA PINNED SIGNATURE
    openssl cms -verify -binary -purpose smimesign -inform DER -in "$3" -content message \
        -CAfile "$1" -certfile "$2" -nointern -out /dev/null
}

init() { # DIR OPTION...
    local dir=$1
    shift
    "$pki" init "$dir" --id IE --name 'Central Authority, Ireland' --country IE "$@"
}

echo 'a request' >message

# --- help and wrong usage ---------------------------------------------------

for command in init renew revoke crl fingerprint export throwaway; do
    check "help_$command" "$pki" "$command" --help
done
check help "$pki" --help
refuses no_command 2 Usage "$pki"
refuses unknown_command 2 'unknown command' "$pki" sing
refuses unknown_option 2 'unknown option --idd' init x --idd=IE
refuses missing_option 2 '--country is missing' "$pki" init x --id IE --name N
refuses option_without_value 2 '--dns needs a value' init x --dns --ip ::1
refuses option_twice 2 'given twice' init x --id FR
for bad in ie '' 'I E' 'I/E' .. ÉIRE ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567; do
    refuses "bad_id_'$bad'" 2 "id '$bad'" "$pki" init x --id "$bad" --name N --country IE
done
for bad in '*.example.ie' 'a b' -a.ie 10.0.0.1 'a.ie,ip:10.0.0.1'; do
    refuses "bad_dns_'$bad'" 2 "$bad" init x --dns "$bad"
done
for bad in 10.0.0.256 10.0.0 example.ie 1::2::3 1:2:3:4:5:6:7 fe80::1%eth0 :1:2:3:4:5:6:7; do
    refuses "bad_ip_'$bad'" 2 "$bad" init x --ip "$bad"
done
for bad in 0 -1 1.5 7301 99999999999999999999; do
    refuses "bad_days_'$bad'" 2 "'$bad'" init x --days "$bad"
done
refuses bad_country 2 --country "$pki" init x --id IE --name N --country Ireland
refuses bad_curve 2 --curve init x --curve P-521
refuses name_with_newline 2 'control character' \
    "$pki" init x --id IE --name $'N\ndns=evil' --country IE
refuses name_too_long 2 '65 characters' \
    "$pki" init x --id IE --name "$(printf 'é%.0s' {1..65})" --country IE
refuses name_not_utf8 1 UTF-8 "$pki" init x --id IE --name $'\xff\xfe' --country IE
refuses parent_missing 1 'mkdir -p' init absent/x
check refusals_made_nothing test ! -e x

# --- init -------------------------------------------------------------------

(umask 000 && init ie --dns mla.example.ie --dns MLA2.example.ie --ip 192.0.2.7 --ip 2001:db8::7) >made 2>&1
check init_prints_expected_peer_name contains made 'at the peers: dns:mla.example.ie'
check keys_0600_whatever_the_umask modes 600 ie/ca.key ie/tls.key ie/sign.key
check directory_0700 modes 700 ie ie/db
for purpose in sslserver sslclient; do
    check "tls_verifies_as_$purpose" \
        openssl verify -x509_strict -crl_check -CAfile ie/ca.pem -CRLfile ie/crl.pem -purpose $purpose ie/tls.pem
    check "sign_is_no_$purpose" fails openssl verify -CAfile ie/ca.pem -purpose $purpose ie/sign.pem
done
check sign_verifies_as_smimesign \
    openssl verify -x509_strict -crl_check -CAfile ie/ca.pem -CRLfile ie/crl.pem -purpose smimesign ie/sign.pem
check tls_is_no_smimesign fails openssl verify -CAfile ie/ca.pem -purpose smimesign ie/tls.pem
for host in mla.example.ie mla2.example.ie; do
    check "tls_names_$host" openssl verify -CAfile ie/ca.pem -verify_hostname $host ie/tls.pem
done
for addr in 192.0.2.7 2001:db8::7; do
    check "tls_names_$addr" openssl verify -CAfile ie/ca.pem -verify_ip $addr ie/tls.pem
done
check tls_names_no_other fails openssl verify -CAfile ie/ca.pem -verify_hostname ie.comity.invalid ie/tls.pem
for kind in ca tls sign; do
    check "key_matches_$kind" same_key ie/$kind.key ie/$kind.pem
    openssl x509 -in ie/$kind.pem -noout -text -nameopt RFC2253 >$kind.txt
done
check ca_pathlen_0 contains ca.txt 'CA:TRUE, pathlen:0'
check ca_key_usage contains ca.txt $'Key Usage: critical\n                Certificate Sign, CRL Sign'
check tls_key_usage contains tls.txt $'Key Usage: critical\n                Digital Signature\n'
check tls_extended_key_usage contains tls.txt 'TLS Web Server Authentication, TLS Web Client Authentication'
check sign_key_usage contains sign.txt $'Key Usage: critical\n                Digital Signature, Non Repudiation\n'
check sign_extended_key_usage contains sign.txt $'Extended Key Usage: \n                E-mail Protection\n'
check name_with_comma_is_one_organisation contains tls.txt 'O=Central Authority\, Ireland,C=IE'
check cms_signature sign ie sign first.p7s
check cms_verifies_as_smimesign cms_verify ie/ca.pem ie/sign-all.pem first.p7s
sign ie tls tls.p7s >/dev/null 2>&1
check cms_by_tls_key_is_refused fails cms_verify ie/ca.pem ie/tls-all.pem tls.p7s

digest ie >before
refuses second_init_refuses 1 'ca.key exists and is not overwritten' init ie
digest ie >after
check second_init_changes_nothing cmp before after
mkdir full && touch full/note
refuses init_refuses_a_full_directory 1 'full is not empty' init full
mkdir -m 755 empty
check init_takes_an_empty_directory init ./empty
check empty_directory_becomes_0700 modes 700 empty
check default_name openssl verify -CAfile empty/ca.pem -verify_hostname ie.comity.invalid empty/tls.pem
check strange_directory_name init "./-a \$b#'\\ é"
check strange_organisation_name "$pki" init strange --id US-OIA --country US --name 'A/CN=evil + B\=C, é'
openssl x509 -in strange/tls.pem -noout -subject -nameopt RFC2253,-esc_msb >subject
check strange_organisation_name_is_kept contains subject 'O=A/CN=evil \+ B\\=C\, é,C=US'

# An openssl that fails at the last step, and one during which init is ended.
mkdir bin parent
real=$(command -v openssl)
cat >bin/openssl <<END
#!/bin/sh
case "\$*" in *-gencrl*) echo 'no space' >&2; exit 1 ;; esac
exec '$real' "\$@"
END
chmod +x bin/openssl
refuses failed_init_says_why 1 'no space' env PATH="$tmp/bin:$PATH" "$pki" init parent/x --id IE --name N --country IE
check failed_init_leaves_nothing test -z "$(ls -A parent)"
cat >bin/openssl <<END
#!/bin/sh
case \$1 in genpkey) kill -TERM \$PPID ;; esac
exec '$real' "\$@"
END
refuses terminated_init_fails 143 '' env PATH="$tmp/bin:$PATH" "$pki" init parent/x --id IE --name N --country IE
check terminated_init_leaves_nothing test -z "$(ls -A parent)"

# --- P-384 ------------------------------------------------------------------

check p384_init init p384 --curve P-384 --days 30
openssl x509 -in p384/sign.pem -noout -text >p384.txt
check p384_curve contains p384.txt 'NIST CURVE: P-384'
check p384_signed_with_sha384 contains p384.txt ecdsa-with-SHA384
for kind in 'tls sslserver' 'tls sslclient' 'sign smimesign'; do
    check "p384_verifies_as_${kind#* }" openssl verify -x509_strict -crl_check -CAfile p384/ca.pem \
        -CRLfile p384/crl.pem -purpose "${kind#* }" "p384/${kind% *}.pem"
done
sign p384 sign p384.p7s
check p384_cms_verifies cms_verify p384/ca.pem p384/sign-all.pem p384.p7s

# --- renewal ----------------------------------------------------------------

check renew_sign_with_new_key "$pki" renew ie sign --new-key
check renewed_key_is_0600 modes 600 ie/sign.key ie/sign.1.key
check renewed_key_matches same_key ie/sign.key ie/sign.pem
check old_key_is_kept same_key ie/sign.1.key ie/sign.1.pem
check new_key_differs fails same_key ie/sign.key ie/sign.1.pem
check bundle_holds_both certificates_in ie/sign-all.pem 2
for cert in sign sign.1; do
    check "overlap_${cert}_verifies" openssl verify -crl_check -CAfile ie/ca.pem -CRLfile ie/crl.pem \
        -purpose smimesign ie/$cert.pem
done
sign ie sign second.p7s
check signature_before_renewal_verifies cms_verify ie/ca.pem ie/sign-all.pem first.p7s
check signature_after_renewal_verifies cms_verify ie/ca.pem ie/sign-all.pem second.p7s
check signature_by_an_unpinned_certificate_is_refused fails cms_verify ie/ca.pem ie/sign.1.pem second.p7s
check renew_tls "$pki" renew ie tls --days 90
check renew_keeps_the_key same_key ie/tls.key ie/tls.1.pem
check renew_keeps_the_names openssl verify -CAfile ie/ca.pem -verify_hostname mla2.example.ie ie/tls.pem
check renew_tls_again "$pki" renew ie tls
check tls_bundle_holds_three certificates_in ie/tls-all.pem 3
check tls_overlap_verifies openssl verify -CAfile ie/ca.pem -purpose sslclient ie/tls.pem ie/tls.1.pem ie/tls.2.pem
check serials_differ test "$(cut -f4 ie/db/index.txt | sort -u | wc -l)" -eq 6
refuses renew_of_the_ca 2 'tls or sign is expected' "$pki" renew ie ca
refuses renew_beyond_the_ca 1 'ends in' "$pki" renew ie tls --days 7000
refuses renew_of_no_authority 1 'holds no authority' "$pki" renew full tls
mkdir ie/db/lock
refuses second_change_at_once 1 'another comity-pki' "$pki" renew ie tls
rmdir ie/db/lock

# A clock ten days back makes certificates that have ended by now.
real=$(command -v date)
cat >bin/date <<END
#!/bin/sh
[ "\$1" != +%s ] || exec expr "\$('$real' +%s)" - 864000
exec '$real' "\$@"
END
chmod +x bin/date
rm bin/openssl
PATH=$tmp/bin:$PATH init old --days 5 >/dev/null
check ended_certificate_fails fails openssl verify -CAfile old/ca.pem old/tls.pem
"$pki" renew old sign --days 5 >"$out" 2>&1
check ended_signer_stays_in_the_bundle certificates_in old/sign-all.pem 2
check renewal_stands_first_in_the_bundle \
    test "$(openssl x509 -in old/sign-all.pem -noout -serial)" = "$(openssl x509 -in old/sign.pem -noout -serial)"
check renewal_after_the_end_verifies openssl verify -CAfile old/ca.pem -purpose smimesign old/sign.pem
# What was signed while it was valid is told by the signing time; the daemon asks for that.
printf 'a manifest' >manifest
openssl cms -sign -binary -cades -nosmimecap -signer old/sign.1.pem -inkey old/sign.key -in manifest -outform DER \
    -out ended.p7s
check signature_of_an_ended_signer_verifies openssl cms -verify -binary -inform DER -in ended.p7s -content manifest \
    -CAfile old/ca.pem -certfile old/sign-all.pem -nointern -attime "$(($(date +%s) - 864000))" -out verified
"$pki" renew old tls --days 5 >"$out" 2>&1
check ended_tls_certificate_leaves_the_bundle certificates_in old/tls-all.pem 1
check crl_keeps_the_ended_signer "$pki" crl old
check ended_signer_stays_after_the_crl certificates_in old/sign-all.pem 2
check export_holds_the_ended_signer "$pki" export old old.public
check the_export_has_both certificates_in old.public/sign-all.pem 2
"$pki" revoke old old/sign.pem >revoked.txt 2>&1
check only_ended_signers_are_warned_of contains revoked.txt 'no signing certificate is valid'
refuses export_of_ended_signers_only 1 'no signing certificate is valid' "$pki" export old old.public

# --- revocation -------------------------------------------------------------

openssl crl -in ie/crl.pem -noout -crlnumber >number.before
check revoke "$pki" revoke ie ie/sign.1.pem --reason keyCompromise
openssl crl -in ie/crl.pem -noout -crlnumber >number.after
check crl_number_grows fails cmp number.before number.after
check crl_is_signed_by_the_ca openssl crl -in ie/crl.pem -CAfile ie/ca.pem -noout -verify
openssl crl -in ie/crl.pem -noout -text >crl.txt
check crl_tells_the_reason contains crl.txt 'Key Compromise'
refuses revoked_certificate_fails_crl_check 2 'certificate revoked' \
    openssl verify -crl_check -CAfile ie/ca.pem -CRLfile ie/crl.pem ie/sign.1.pem
check others_pass_crl_check openssl verify -crl_check -CAfile ie/ca.pem -CRLfile ie/crl.pem \
    ie/sign.pem ie/tls.pem ie/tls.1.pem
check revoked_leaves_the_bundle certificates_in ie/sign-all.pem 1
check signature_by_a_revoked_certificate_is_refused fails cms_verify ie/ca.pem ie/sign-all.pem first.p7s
check revoke_again_is_harmless "$pki" revoke ie ie/sign.1.pem
refuses revoke_the_ca 1 'cannot revoke itself' "$pki" revoke ie ie/ca.pem
refuses revoke_a_foreign_certificate 1 'was not issued by' "$pki" revoke ie p384/tls.pem
refuses revoke_a_bundle 1 'holds 3 certificates' "$pki" revoke ie ie/tls-all.pem
refuses revoke_a_key 1 'no PEM certificate' "$pki" revoke ie ie/tls.key
refuses revoke_for_no_known_reason 2 --reason "$pki" revoke ie ie/tls.1.pem --reason bored
check revoke_as_superseded "$pki" revoke ie ie/tls.1.pem --reason superseded
check superseded_spares_the_key "$pki" renew ie tls
"$pki" revoke ie ie/sign.pem >/dev/null 2>&1
check revoking_the_last_empties_the_bundle test ! -s ie/sign-all.pem
refuses export_without_signing_certificate 1 'no signing certificate is valid' "$pki" export ie public
refuses revoked_key_gets_no_new_certificate 1 'use --new-key' "$pki" renew ie sign
check revoked_key_is_replaced "$pki" renew ie sign --new-key
cp -- "$out" said.txt
check the_revoked_one_is_not_called_valid contains said.txt 'The old one, which is not valid any more, is kept as'
check crl_anew "$pki" crl ie --days 7
due=$(date -u -d "$(openssl crl -in ie/crl.pem -noout -nextupdate -dateopt iso_8601 | cut -d= -f2)" +%s)
check crl_days_are_kept test "$(((due - $(date +%s) + 3600) / 86400))" -eq 7
mv ie/ca.key away.key
refuses crl_without_ca_key 1 'ca.key is missing' "$pki" crl ie
mv away.key ie/ca.key

# --- fingerprints and export ------------------------------------------------

"$pki" fingerprint ie >prints 2>&1
hex=$(openssl x509 -in ie/ca.pem -noout -fingerprint -sha256)
hex=${hex#*=}
grep -A 6 '^CA certificate' prints | tail -n 4 | sed 's/SHA-256//' | tr -d ' \n' >ca.print
check fingerprint_is_openssls test "$(<ca.print)" = "${hex//:/}"
check fingerprint_in_groups grep -Eq '^  SHA-256  [0-9A-F]{4}(  [0-9A-F]{4}){3}$' prints
check fingerprint_of_all_valid test "$(grep -c '^TLS cert\|^Signing cert' prints)" -eq 4

check export_directory "$pki" export ie public
check export_holds_no_more test "$(find public -type f -printf '%f\n' | sort | tr '\n' ' ')" = \
    'README.txt ca.pem crl.pem sign-all.pem '
check export_is_readable modes 644 public/README.txt public/ca.pem public/crl.pem public/sign-all.pem
check readme_tells_the_name contains public/README.txt 'Expected peer name:  dns:mla.example.ie'
check readme_tells_the_id contains public/README.txt 'Authority id:        IE'
check readme_tells_the_fingerprint contains public/README.txt "${hex:0:2}${hex:3:2}  ${hex:6:2}${hex:9:2}"
"$pki" fingerprint public >prints.peer 2>&1
check peer_computes_the_same_fingerprint contains prints.peer "${hex:0:2}${hex:3:2}  ${hex:6:2}${hex:9:2}"
check export_again "$pki" export ie public
refuses export_over_another_ca 1 'another CA' "$pki" export p384 public
refuses export_among_keys 1 'is a key' "$pki" export p384 ie
for form in tar tar.gz tgz; do
    check "export_$form" "$pki" export ie "public.$form"
    mkdir "un$form" && tar -C "un$form" -xf "public.$form"
    check "export_${form}_is_the_same" diff -r public "un$form/comity-IE"
done
cat public/* untar/comity-IE/* >everything
check export_holds_no_key lacks everything 'PRIVATE KEY'

# --- throwaway --------------------------------------------------------------

ids=(IE FR US-OIA)
check throwaway "$pki" throwaway demo "${ids[@]}"
for a in "${ids[@]}"; do
    for b in "${ids[@]}"; do
        [[ $a != "$b" ]] || continue
        peer=demo/$a/peers/$b
        check "${a}_trusts_tls_of_$b" openssl verify -crl_check -CAfile "$peer/ca.pem" -CRLfile "$peer/crl.pem" \
            -purpose sslserver -verify_hostname "${b,,}.comity.invalid" "demo/$b/tls.pem"
        sign "demo/$b" sign "$b.p7s"
        check "${a}_trusts_signature_of_$b" cms_verify "$peer/ca.pem" "$peer/sign.pem" "$b.p7s"
        for c in "${ids[@]}"; do
            [[ $c != "$b" ]] || continue
            check "${a}_with_anchor_of_${b}_refuses_$c" \
                fails openssl verify -CAfile "$peer/ca.pem" "demo/$c/tls.pem" "demo/$c/sign.pem"
        done
    done
    check "${a}_is_localhost" openssl verify -CAfile "demo/$a/ca.pem" -verify_hostname localhost "demo/$a/tls.pem"
    for addr in 127.0.0.1 ::1; do
        check "${a}_is_$addr" openssl verify -CAfile "demo/$a/ca.pem" -verify_ip $addr "demo/$a/tls.pem"
    done
done
cat demo/*/peers/*/* >everything
check peers_get_no_key lacks everything 'PRIVATE KEY'
refuses throwaway_refuses_to_overwrite 1 'not overwritten' "$pki" throwaway demo DE IE
check refused_throwaway_makes_nothing test ! -e demo/DE
refuses throwaway_same_id_twice 2 'given twice' "$pki" throwaway demo DE DE
check nothing_is_left_behind nothing_left .

echo "1..$count"
[[ $failed -eq 0 ]]

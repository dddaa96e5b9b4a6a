#!/usr/bin/env python3
"""Write detached CAdES-BES signatures over a text, each in a form of its own.

    signer_forms.py KEY CERTIFICATE TEXT FOLDER

An encoder that shares nothing with the daemon's. `good` is DER. Every other file differs from
it in one place, and each is signed anew, so that its mathematics is right: only its form can
be the reason to refuse it."""
import hashlib
import pathlib
import ssl
import subprocess
import sys

SEQUENCE, SET, INTEGER, OCTETS, OID = 0x30, 0x31, 0x02, 0x04, 0x06
CONSTRUCTED, CONTEXT_0 = 0x20, 0xA0

DATA = '2a864886f70d010701'
SIGNED_DATA = '2a864886f70d010702'
CONTENT_TYPE = '2a864886f70d010903'
MESSAGE_DIGEST = '2a864886f70d010904'
SIGNING_CERTIFICATE_V2 = '2a864886f70d010910022f'
SHA256 = '608648016503040201'
ECDSA_WITH_SHA256 = '2a8648ce3d040302'
COMMON_NAME = '550403'


def tlv(tag, *parts):
    body = b''.join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(length)]) + length + body


def long_length(tag, *parts):
    """The length in four bytes, however short it is."""
    body = b''.join(parts)
    return bytes([tag, 0x84]) + len(body).to_bytes(4, 'big') + body


def indefinite(tag, *parts):
    return bytes([tag, 0x80]) + b''.join(parts) + b'\0\0'


def pieces(tag, *parts):
    """A string in two pieces."""
    body = b''.join(parts)
    return tlv(tag | CONSTRUCTED, tlv(tag, body[:5]), tlv(tag, body[5:]))


def oid(text):
    return tlv(OID, bytes.fromhex(text))


def split(der):
    """The parts of a constructed value."""
    parts, at = [], 0
    while at < len(der):
        length, head = der[at + 1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(der[at + 2:at + head], 'big')
        parts.append(der[at:at + head + length])
        at += head + length
    return parts


def inside(der):
    head = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    return der[head:]


def sign(key, data):
    return subprocess.run(['openssl', 'dgst', '-sha256', '-sign', key], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


class Form:
    """Where a form differs; what is not named is DER."""

    def __init__(self, **odd):
        self.odd = odd

    def __call__(self, place, tag, *parts):
        return self.odd.get(place, tlv)(tag, *parts)


def attributes_of(certificate, text, f):
    ess = f('attribute', SEQUENCE,
            tlv(SEQUENCE, tlv(SEQUENCE, f('hash', OCTETS, hashlib.sha256(certificate).digest()))))
    return [
        tlv(SEQUENCE, oid(CONTENT_TYPE), tlv(SET, oid(f.odd.get('content_type', DATA)))),
        tlv(SEQUENCE, oid(MESSAGE_DIGEST), tlv(SET, f('digest', OCTETS, hashlib.sha256(text).digest()))),
        tlv(SEQUENCE, oid(SIGNING_CERTIFICATE_V2), tlv(SET, ess)),
    ]


def make(key, certificate, text, odd):
    f = Form(**odd)
    tbs = split(inside(split(inside(certificate))[0]))
    serial, issuer = tbs[1], tbs[3]
    sha256 = tlv(SEQUENCE, oid(SHA256))
    attributes = sorted(attributes_of(certificate, text, f), reverse='unsorted' in odd)
    # What is signed has the one form that OpenSSL gives it before it verifies: the digest whole,
    # in order, and what it does not look into as it came (RFC 5652, 5.4, asks for DER throughout).
    whole = Form(**{place: form for place, form in odd.items() if place != 'digest'})
    signature = sign(key, tlv(SET, *sorted(attributes_of(certificate, text, whole))))
    signer = tlv(SEQUENCE, tlv(INTEGER, b'\1'), tlv(SEQUENCE, issuer, serial), sha256,
                 f('attributes', CONTEXT_0, *attributes), tlv(SEQUENCE, oid(ECDSA_WITH_SHA256)),
                 f('signature', OCTETS, signature))
    certificates = [certificate] + odd.get('more', [])
    signed = f('signed', SEQUENCE, odd.get('version', tlv(INTEGER, b'\1')), tlv(SET, sha256),
               tlv(SEQUENCE, oid(DATA)), f('certificates', CONTEXT_0, *sorted(certificates)),
               f('signers', SET, signer))
    return f('outer', SEQUENCE, oid(SIGNED_DATA), f('explicit', CONTEXT_0, signed))


def rewrite_length(certificate):
    """The same certificate with a length of its own inside written long."""
    tbs, algorithm, signature = split(inside(certificate))
    parts = split(inside(tbs))
    parts[4] = long_length(SEQUENCE, inside(parts[4]))
    return tlv(SEQUENCE, tlv(SEQUENCE, *parts), algorithm, signature)


def main():
    key, certificate, text, folder = sys.argv[1:]
    der = ssl.PEM_cert_to_DER_cert(pathlib.Path(certificate).read_text(encoding='ascii'))
    forms = {
        'good': {},
        'indefinite-outer': {'outer': indefinite},
        'indefinite-explicit': {'explicit': indefinite},
        'indefinite-signed-data': {'signed': indefinite},
        'indefinite-certificates': {'certificates': indefinite},
        'indefinite-attributes': {'attributes': indefinite},
        'indefinite-in-an-attribute': {'attribute': indefinite},
        'long-outer': {'outer': long_length},
        'long-signers': {'signers': long_length},
        'long-attributes': {'attributes': long_length},
        'long-signature': {'signature': long_length},
        'long-in-an-attribute': {'attribute': long_length},
        'long-in-another-certificate': {'more': [rewrite_length(der)]},
        'pieces-signature': {'signature': pieces},
        'pieces-digest': {'digest': pieces},
        'pieces-in-an-attribute': {'hash': pieces},
        'integer-with-a-zero-before-it': {'version': tlv(INTEGER, b'\0\1')},
        'unsorted-attributes': {'unsorted': True},
        'content-type-signed-data': {'content_type': SIGNED_DATA},
        'content-type-of-nobody': {'content_type': COMMON_NAME},
    }
    for name, odd in forms.items():
        signature = make(key, der, pathlib.Path(text).read_bytes(), odd)
        (pathlib.Path(folder) / name).write_bytes(signature)


if __name__ == '__main__':
    main()

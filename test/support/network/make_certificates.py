"""Prints JSON: an authority and certificates it signed, {name: {"cert": PEM, "key": PEM}}.

Input on the command line: JSON, {name: {"hosts": ["localhost"], "days": 30}}; negative days make an expired one.
"""

import datetime
import ipaddress
import json
import secrets
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Each authority has its own name, as real ones do.
AUTHORITY = f"Ferry test authority {secrets.token_hex(8)}"
NOW = datetime.datetime.now(datetime.timezone.utc)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def sign(subject, key, issuer, issuer_key, days, extensions):
    end = NOW + datetime.timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(NOW, end) - datetime.timedelta(days=60))
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(certificate, key):
    return {
        "cert": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "key": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    }


authority_key = ec.generate_private_key(ec.SECP256R1())
authority = sign(
    AUTHORITY, authority_key, AUTHORITY, authority_key, 90,
    [(x509.BasicConstraints(ca=True, path_length=0), True)],
)
result = {"authority": pem(authority, authority_key)}
for label, wanted in json.loads(sys.argv[1]).items():
    key = ec.generate_private_key(ec.SECP256R1())
    hosts = x509.SubjectAlternativeName([alternative(host) for host in wanted["hosts"]])
    result[label] = pem(
        sign(label, key, AUTHORITY, authority_key, wanted["days"], [(hosts, False)]), key
    )
print(json.dumps(result))

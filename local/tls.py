"""A certificate for servers on this machine, made on the spot: whoever shall believe it is given its file."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from local.ports import HOST
from local.private_files import write_private


def make_certificate(file: Path, *, name: str = HOST) -> Path:
    """Write key and certificate, for `name` and for loopback, into `file` as PEM, and return it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(HOST))])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(file, (private + certificate.public_bytes(serialization.Encoding.PEM)).decode())
    return file


def server_context(file: Path) -> ssl.SSLContext:
    """For a server that shows what `make_certificate` wrote."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context

"""The key pair that signs event webhooks: ECDSA on P-256, in the encodings SendGrid's console shows."""

import base64
import contextlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)


def generate() -> tuple[str, str]:
    """Return a new (private, public) pair: base64 of DER, PKCS #8 and SubjectPublicKeyInfo."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


def load_private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read what `generate` made; ValueError, without the key in it, for anything else."""
    with contextlib.suppress(ValueError, TypeError):
        key = load_der_private_key(base64.b64decode(text, validate=True), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return key
    raise ValueError("not base64 of the DER PKCS #8 form of an ECDSA key on P-256")

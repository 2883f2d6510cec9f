"""Where people see films and posters: CloudFront's signed URLs under the site's own name, or S3's."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from api.media import bucket
from giftflick.secrets import kept_until_secrets_change

if TYPE_CHECKING:
    from botocore.signers import CloudFrontSigner


def link_to(key: str, *, now: datetime, lives: timedelta) -> str:
    """A URL that shows the object to whoever has it, for as long as it lives. Raises BackendError."""
    signer = get_signer()
    if signer is None:
        return bucket.presigned_get(key, expires_in=lives)
    return signer.generate_presigned_url(f"{settings.SIGNED_MEDIA_URL}/{quote(key)}", date_less_than=now + lives)


@kept_until_secrets_change
def get_signer() -> "CloudFrontSigner | None":
    """None where CloudFront signs nothing. Raises ImproperlyConfigured if the key is none."""
    if not (settings.SIGNED_MEDIA_URL and settings.MEDIA_KEY_ID and settings.MEDIA_PRIVATE_KEY):
        return None
    from botocore.signers import CloudFrontSigner
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    # In an .env file the key stands in one line.
    pem = settings.MEDIA_PRIVATE_KEY.replace("\\n", "\n").encode()
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ImproperlyConfigured("MEDIA_PRIVATE_KEY is not a private key in PEM.") from None
    if not isinstance(key, RSAPrivateKey):
        raise ImproperlyConfigured("MEDIA_PRIVATE_KEY is not an RSA key.")
    # CloudFront knows SHA-1 only.
    return CloudFrontSigner(settings.MEDIA_KEY_ID, lambda policy: key.sign(policy, PKCS1v15(), SHA1()))  # noqa: S303

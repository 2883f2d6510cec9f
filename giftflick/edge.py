"""Whether a request came through our CloudFront, which adds a secret header: nobody else is served."""

import hmac

from django.conf import settings

from giftflick import secrets


def is_open() -> bool:
    """There is no CloudFront in front of us, as on a laptop. A stage whose secret is missing serves nobody."""
    return not (settings.EDGE_SECRET or settings.STAGE)


def is_ours(presented: str) -> bool:
    """While the secret is rotated two are right. One that we do not know may be newer than what we know."""
    if _is_known(presented):
        return True
    secrets.reread("edge")
    return _is_known(presented)


def _is_known(presented: str) -> bool:
    known = [secret.encode() for secret in (settings.EDGE_SECRET, settings.EDGE_SECRET_NEXT) if secret]
    return any(hmac.compare_digest(presented.encode(errors="surrogatepass"), secret) for secret in known)

"""Reading suppressions, always by hash."""

from api.suppressions.addresses import address_hash
from api.suppressions.models import Suppression


def suppression_of(address: str) -> Suppression | None:
    """None if the address may be mailed."""
    return Suppression.objects.filter(address_sha256=address_hash(address)).first()

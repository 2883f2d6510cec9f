"""Reading suppressions, always by hash."""

from api.suppressions.models import Suppression


def suppression_with(address_sha256: str) -> Suppression | None:
    """None if the address of this hash (`api.suppressions.addresses`) may be mailed."""
    return Suppression.objects.filter(address_sha256=address_sha256).first()

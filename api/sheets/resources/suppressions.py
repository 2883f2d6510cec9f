"""Suppressions as rows: by address or, as our own exports have them, by its hash and what may be shown of it."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from import_export.fields import Field  # noqa: TID253 - only what reads rows imports this

from api.sheets.resources.base import Cells, ChoiceWidget, SheetResource
from api.sheets.taken import suppression_key
from api.suppressions import services
from api.suppressions.addresses import HIDDEN, SHA256, is_address, masked_address
from api.suppressions.models import Suppression
from api.suppressions.states import SuppressionReason


class SuppressionResource(SheetResource):
    """What is listed and is not in the file stays listed: lifting is done by hand, one by one."""

    reason = Field("reason", "reason", ChoiceWidget(SuppressionReason.values))

    class Meta(SheetResource.Meta):
        model = Suppression
        fields = ("reason",)

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._known: dict[str, Suppression] | None = None

    def prepare(self, rows: Sequence[Cells]) -> None:
        hashes = [suppression_key(row) for row in rows if row.get("address") or row.get("address_sha256")]
        self._known = {found.address_sha256: found for found in Suppression.objects.filter(address_sha256__in=hashes)}

    def find(self, row: Cells) -> Suppression | None:
        address, given = row.get("address", ""), row.get("address_sha256", "").lower()
        if HIDDEN in address or (given and not address):
            if not SHA256.fullmatch(given):
                raise ValidationError({"address_sha256": "A masked address needs its SHA-256, as an export has it."})
        elif not is_address(address):
            raise ValidationError({"address": "This is no e-mail address."})
        if self.is_dry and self._known is not None:
            return self._known.get(suppression_key(row))
        return Suppression.objects.filter(address_sha256=suppression_key(row)).first()

    def init_instance(self, row: Cells | None = None) -> Suppression:
        assert row is not None  # noqa: S101 - the library passes it
        return Suppression(address_sha256=suppression_key(row), masked=masked(row), reason=SuppressionReason.BY_HAND)

    def write(self, instance: Suppression, *, is_new: bool, changed: Sequence[str], row: Cells) -> Suppression:  # noqa: ARG002
        assert self.now is not None  # noqa: S101 - `take_in` set it
        reason = SuppressionReason(instance.reason)
        if is_new:
            return services.suppress_hash(
                instance.address_sha256, masked=instance.masked, reason=reason, actor=self.actor, now=self.now
            )
        return services.change_reason(instance.pk, reason=reason, actor=self.actor, now=self.now)


def masked(row: Cells) -> str:
    address = row.get("address", "")
    if HIDDEN in address or not address:
        return address or f"known by its hash only{HIDDEN}"
    return masked_address(address)

"""Keeping addresses from being mailed, and letting them be mailed again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from api.audit.changes import Changes
from api.audit.services import record
from api.exceptions import InvalidFieldError, NotFoundError
from api.suppressions.addresses import address_hash, is_address, masked_address
from api.suppressions.models import Suppression
from api.suppressions.states import SuppressionReason


def suppress_address(address: str, *, reason: SuppressionReason, actor: str, now: datetime) -> Suppression:
    """From now on the address is not mailed; one that is suppressed already keeps its reason. Raises InvalidFieldError.

    The audit log has what a list may show, the masked address.
    """
    if not is_address(address.strip()):
        raise InvalidFieldError("address", "invalid", "This is no e-mail address.")
    return suppress_hash(address_hash(address), masked=masked_address(address), reason=reason, actor=actor, now=now)


def suppress_hash(
    address_sha256: str, *, masked: str, reason: SuppressionReason, actor: str, now: datetime
) -> Suppression:
    """For an address that is known by its hash only, as from an exported list."""
    with transaction.atomic():
        suppression, is_new = Suppression.objects.get_or_create(
            address_sha256=address_sha256,
            defaults={"masked": masked, "reason": reason, "source": actor, "created_at": now},
        )
        if is_new:
            changes: Changes = {"address": [None, masked], "reason": [None, reason]}
            record("suppression.added", actor=actor, subject=suppression, changes=changes, now=now)
    return suppression


def change_reason(suppression_id: UUID, *, reason: SuppressionReason, actor: str, now: datetime) -> Suppression:
    with transaction.atomic():
        suppression = _locked(suppression_id)
        if suppression.reason != reason:
            changes = {"reason": [suppression.reason, reason]}
            record("suppression.changed", actor=actor, subject=suppression, changes=changes, now=now)
            suppression.reason = reason
            suppression.save(update_fields=["reason"])
    return suppression


def lift_suppression(suppression_id: UUID, *, actor: str, now: datetime) -> None:
    """The address may be mailed again; lifting twice changes nothing. SendGrid keeps a list of its own."""
    with transaction.atomic():
        suppression = Suppression.objects.select_for_update().filter(pk=suppression_id).first()
        if suppression is None:
            return
        changes = {"address": [suppression.masked, None], "reason": [suppression.reason, None]}
        record("suppression.lifted", actor=actor, subject=suppression, changes=changes, now=now)
        suppression.delete()


def _locked(suppression_id: UUID) -> Suppression:
    try:
        return Suppression.objects.select_for_update().get(pk=suppression_id)
    except Suppression.DoesNotExist:
        raise NotFoundError("This address is not suppressed any more.") from None

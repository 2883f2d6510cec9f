"""Registering endpoints, changing them, and their secrets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from api.audit.changes import Changes, Values, differences, gone, made
from api.audit.services import record
from api.delivery.services import queue_endpoint_mail
from api.exceptions import InvalidFieldError, InvalidStateError, NotFoundError, PreconditionFailedError
from api.webhooks.addresses import RefusedAddressError, check_url
from api.webhooks.models import WebhookEndpoint
from api.webhooks.selectors import endpoints_for
from api.webhooks.signing import new_secret
from api.webhooks.states import DisabledReason, WebhookType

ENDPOINTS_A_MODE = 20  # for each account
SECRETS_OVERLAP = timedelta(hours=24)
FORMER_SECRETS = 2


class EndpointChanges(TypedDict, total=False):
    url: str
    types: Sequence[str]
    enabled: bool


def create_endpoint(
    account_id: UUID, *, livemode: bool, url: str, types: Sequence[str], enabled: bool = True, now: datetime
) -> WebhookEndpoint:
    """The endpoint with its secret, which is not shown again.

    Resolves the URL's name, so call it outside a transaction.
    """
    _check(url)
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=account_id)  # so that two at once count each other
        if endpoints_for(account_id, livemode=livemode).count() >= ENDPOINTS_A_MODE:
            raise InvalidStateError(
                f"An account has at most {ENDPOINTS_A_MODE} webhook endpoints in each mode.", code="too_many_endpoints"
            )
        endpoint = WebhookEndpoint.objects.create(
            account_id=account_id,
            livemode=livemode,
            url=url,
            types=_in_order(types),
            enabled=enabled,
            secret=new_secret(),
            disabled_at=None if enabled else now,
            disabled_reason="" if enabled else DisabledReason.REQUESTED,
            created_at=now,
            updated_at=now,
        )
        _record("webhook_endpoint.created", endpoint, made(_told(endpoint)), now=now)
        return endpoint


def update_endpoint(
    endpoint_id: UUID, changes: EndpointChanges, *, now: datetime, expected_version: int | None = None
) -> WebhookEndpoint:
    """Another URL, or switching it on, begins its record of failures anew.

    Resolves a new URL's name, so call it outside a transaction.
    """
    if "url" in changes:
        _check(changes["url"])
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint_id)
        if expected_version is not None and endpoint.version != expected_version:
            raise PreconditionFailedError(f"The endpoint is at version {endpoint.version} by now.")
        before = _told(endpoint)
        if "url" in changes and changes["url"] != endpoint.url:
            endpoint.url, endpoint.failing_since = changes["url"], None
        if "types" in changes:
            endpoint.types = _in_order(changes["types"])
        if changes.get("enabled", endpoint.enabled) != endpoint.enabled:
            _switch(endpoint, is_on=not endpoint.enabled, reason=DisabledReason.REQUESTED, now=now)
        return _save(endpoint, "webhook_endpoint.updated", before, now=now)


def rotate_secret(endpoint_id: UUID, *, now: datetime) -> WebhookEndpoint:
    """A new secret; the one it replaces signs along for a day.

    A caller who lost the answer may rotate again: the last two secrets before the new one both sign along.
    """
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint_id)
        former = [[endpoint.secret, (now + SECRETS_OVERLAP).isoformat()], *endpoint.former_secrets]
        endpoint.former_secrets = former[:FORMER_SECRETS]
        endpoint.secret = new_secret()
        return _save(endpoint, "webhook_endpoint.secret_rotated", None, now=now)


def delete_endpoint(endpoint_id: UUID, *, now: datetime) -> None:
    """With its deliveries: those that wait are not made any more."""
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint_id, for_deletion=True)
        _record("webhook_endpoint.deleted", endpoint, gone(_told(endpoint)), now=now)
        endpoint.delete()


def signing_secrets(endpoint: WebhookEndpoint, *, now: datetime) -> tuple[str, ...]:
    """The present one first."""
    former = [secret for secret, until in endpoint.former_secrets if datetime.fromisoformat(until) > now]
    return (endpoint.secret, *former)


def disable_endpoint(endpoint: WebhookEndpoint, reason: DisabledReason, *, now: datetime) -> None:
    """Switch off what does not work, and mail the account; call it with the endpoint locked."""
    before = _told(endpoint)
    _switch(endpoint, is_on=False, reason=reason, now=now)
    _save(endpoint, "webhook_endpoint.disabled", before, now=now)
    account = endpoint.account
    queue_endpoint_mail(endpoint, to_email=account.email, to_name=account.name, now=now)


def lock_endpoint(endpoint_id: UUID, *, for_deletion: bool = False) -> WebhookEndpoint:
    """Always locked before its deliveries. Only a lock for deletion keeps events from being announced to it."""
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=not for_deletion).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFoundError("There is no webhook endpoint with this id.")
    return endpoint


def _switch(endpoint: WebhookEndpoint, *, is_on: bool, reason: DisabledReason, now: datetime) -> None:
    endpoint.enabled = is_on
    endpoint.disabled_at = None if is_on else now
    endpoint.disabled_reason = "" if is_on else reason
    if is_on:
        endpoint.failing_since = None


def _save(endpoint: WebhookEndpoint, action: str, before: Values | None, *, now: datetime) -> WebhookEndpoint:
    """`before` None: what changed is not told."""
    endpoint.version += 1
    endpoint.updated_at = now
    endpoint.save()
    changes = {} if before is None else differences(before, _told(endpoint))
    if changes or before is None:
        _record(action, endpoint, changes, now=now)
    return endpoint


def _told(endpoint: WebhookEndpoint) -> Values:
    """What the audit log may know: no secret, and of the URL no query, where shops put theirs."""
    return {
        "url": endpoint.url.partition("?")[0],
        "types": list(endpoint.types),
        "enabled": endpoint.enabled,
        "disabled_reason": str(endpoint.disabled_reason),
    }


def _record(action: str, endpoint: WebhookEndpoint, changes: Changes, *, now: datetime) -> None:
    record(action, now=now, subject=endpoint, account_id=endpoint.account_id, changes=changes)


def _check(url: str) -> None:
    try:
        check_url(url)
    except RefusedAddressError as refusal:
        raise InvalidFieldError("url", "invalid_url", str(refusal)) from refusal


def _in_order(types: Sequence[str]) -> list[str]:
    """Each once."""
    return [kind for kind in WebhookType.values if kind in types]

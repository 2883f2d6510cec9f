"""Opening a campaign, approving one of its sheets, and calling off what is not sent yet."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, islice
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from uuid6 import uuid7

from accounts.models import Account
from api.audit.services import record
from api.batches.models import Batch
from api.batches.services import LARGEST, ItemIn, cancel_batch, start_batch
from api.batches.states import OPEN
from api.campaigns.columns import DEFAULTED, FORGOTTEN_KEY, PERSONAL, forgotten_key, instant
from api.campaigns.estimate import AT_ONCE, LOOK_AGAIN_S
from api.campaigns.models import Campaign, CampaignGift
from api.campaigns.selectors import campaign_with, gifts_to_cancel, rendering_now
from api.campaigns.states import CANCELABLE, UNDECIDED
from api.exceptions import InvalidFieldError, InvalidStateError
from api.gifts import lifecycle
from api.gifts.schedule import read_schedule
from api.gifts.services import cancel_gift
from api.outbox.registry import Postpone
from api.sheets.models import Sheet
from api.sheets.selectors import sheets_of
from api.sheets.services import confirm_sheet, forget_sheet_rows
from api.templates.models import Template, TemplateStatus

KEEP_UNUSED = timedelta(days=400)
BLANKED_AT_ONCE = 20


def open_campaign(
    *,
    name: str,
    account: Account,
    livemode: bool,
    template: Template,
    defaults: Mapping[str, str],
    is_paid: bool,
    actor: str,
    now: datetime,
    campaign_id: UUID | None = None,
) -> Campaign:
    """With `campaign_id`, which a form brings along, a second call answers with the campaign that the first one made.

    Raises InvalidFieldError for a template that is not published, or an hour that no gift could have, and
    InvalidStateError if the first call said something else.
    """
    if template.status != TemplateStatus.PUBLISHED:
        raise InvalidFieldError("template", "not_published", "Publish this template first.")
    given = {column: defaults[column] for column in DEFAULTED if defaults.get(column)}
    if "deliver_at" in given:
        read_schedule(instant(given["deliver_at"]), given.get("timezone", ""), now=now)
    elif "timezone" in given:
        read_schedule(None, given["timezone"], now=now)
    said = {
        "name": name,
        "account": account,
        "livemode": livemode,
        "template": template,
        "defaults": given,
        "is_paid": is_paid,
        "created_by": actor,
    }
    with transaction.atomic():
        campaign, is_new = Campaign.objects.get_or_create(
            pk=campaign_id or uuid7(), defaults={**said, "created_at": now}
        )
        if is_new:
            record("campaign.opened", actor=actor, subject=campaign, account_id=account.pk, now=now)
        elif any(getattr(campaign, field) != value for field, value in said.items()):
            raise InvalidStateError("This form was used for another campaign: open it again.")
    return campaign


def approve_campaign(campaign_id: UUID, sheet_id: UUID, *, actor: str, why: str, now: datetime) -> Batch:
    """Have the good rows of a checked sheet made into gifts; approving twice is the same batch."""
    with transaction.atomic():
        campaign = _locked(campaign_id)
        sheet = Sheet.objects.get(pk=sheet_id, scope_id=campaign.pk)
        _insist_on_open(campaign)
        return confirm_sheet(sheet.pk, title=f"Campaign: {campaign.name}", actor=actor, why=why, now=now)


def cancel_campaign(campaign_id: UUID, *, actor: str, why: str, now: datetime, at_most: int = LARGEST) -> list[Batch]:
    """Call off what is not sent: rows without a gift at once, gifts by the batches that are returned, if there are any.

    A batch has `at_most` so many gifts. What was sent stays. From now on nothing of the campaign can be approved;
    calling it off twice changes nothing.
    """
    with transaction.atomic():
        campaign = _locked(campaign_id)
        if campaign.canceled_at is not None:
            return []
        campaign.canceled_at, campaign.canceled_by = now, actor
        campaign.save(update_fields=["canceled_at", "canceled_by"])
        record("campaign.canceled", actor=actor, subject=campaign, account_id=campaign.account_id, now=now)
        for batch_id in sheets_of(campaign.pk).filter(batch__state__in=sorted(OPEN)).values_list("batch", flat=True):
            with suppress(InvalidStateError):  # its last row was done in this instant
                cancel_batch(batch_id, actor=actor, now=now)
        unsent = _to_cancel(campaign)
        return [
            start_batch(
                "campaign.cancel",
                title=f"Call off: {campaign.name}",
                items=chain([first], islice(unsent, at_most - 1)),
                actor=actor,
                why=why,
                now=now,
                params={"campaign": str(campaign.pk)},
            )
            for first in unsent
        ]


def cancel_unsent(gift_id: UUID, *, actor: str, now: datetime) -> str:
    """Cancel a gift unless it was sent in the meantime, in the caller's transaction."""
    gift = lifecycle.lock(gift_id)
    if gift.status not in CANCELABLE:
        return f"stays: it is {gift.status} by now"
    cancel_gift(gift_id, actor=actor, now=now)
    return "canceled"


def forget_row(gift_id: UUID) -> None:
    """An erased gift's row, as its campaign's files had it: also where it was wrong, or came again.

    Its key may be an address. What stays of it is a hash, by which the row is known should it come once more.
    """
    with transaction.atomic():
        made = CampaignGift.objects.select_for_update().filter(gift=gift_id).first()
        if made is None:
            return
        forget_sheet_rows(made.campaign_id, made.row_key)
        if not made.row_key.startswith(FORGOTTEN_KEY):
            made.row_key = forgotten_key(made.row_key)
            made.save(update_fields=["row_key"])


def blank_defaults(*, now: datetime) -> int:
    """A campaign forgets whom it is from, and what it says, with the last of its gifts; or if it never had one.

    Not while one of its files is looked at or worked off: its rows need them.
    """
    gifts = CampaignGift.objects.filter(campaign=OuterRef("pk"))
    sheets = Sheet.objects.filter(scope_id=OuterRef("pk"))
    on_the_way = sheets.filter(Q(batch__state__in=sorted(OPEN)) | Q(state__in=sorted(UNDECIDED)))
    over = Campaign.objects.filter(
        Exists(gifts) | Q(created_at__lt=now - KEEP_UNUSED),
        ~Exists(gifts.filter(gift__forgotten_at=None)),
        ~Exists(on_the_way),
        defaults__has_any_keys=PERSONAL,
    )
    with transaction.atomic():
        found = list(over.select_for_update(of=("self",), skip_locked=True, no_key=True)[:BLANKED_AT_ONCE])
        for campaign in found:
            campaign.defaults = {name: said for name, said in campaign.defaults.items() if name not in PERSONAL}
            campaign.save(update_fields=["defaults"])
    return len(found)


def keep_pace(campaign_id: UUID, *, now: datetime) -> None:
    """Raise Postpone while as many of the shop's gifts are being rendered as its campaigns may take up."""
    campaign = campaign_with(campaign_id)
    busy = rendering_now(campaign.account_id, livemode=campaign.livemode, at_most=AT_ONCE)
    if busy >= AT_ONCE and campaign.canceled_at is None:
        raise Postpone(now + timedelta(seconds=LOOK_AGAIN_S))


def insist_on_open(campaign_id: UUID) -> Campaign:
    """Raises InvalidStateError once it is called off."""
    campaign = campaign_with(campaign_id)
    _insist_on_open(campaign)
    return campaign


def _insist_on_open(campaign: Campaign) -> None:
    if campaign.canceled_at is not None:
        raise InvalidStateError("This campaign was called off: open another one.")


def _locked(campaign_id: UUID) -> Campaign:
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign_with(campaign_id).pk)


def _to_cancel(campaign: Campaign) -> Iterator[ItemIn]:
    gifts = gifts_to_cancel(campaign.pk).values_list("gift_id", "row_key")
    for gift_id, key in gifts.iterator(chunk_size=2_000):
        yield ItemIn(ref_id=str(gift_id), label=key)

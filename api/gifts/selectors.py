"""Reading gifts: an account's only through `gifts_for`."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import BooleanField, CharField, ExpressionWrapper, Func, Prefetch, Q, QuerySet

from api.delivery.models import Message
from api.delivery.states import MessageKind
from api.gifts.models import Gift, GiftEvent, GiftMedia
from api.outbox.models import Job, JobState
from api.rendering.models import Render
from api.search.terms import folded


def gifts_for(account_id: UUID, *, livemode: bool) -> QuerySet[Gift]:
    return Gift.objects.filter(account_id=account_id, livemode=livemode)


def with_details(gifts: QuerySet[Gift]) -> QuerySet[Gift]:
    """What a gift's JSON shows, in two queries however many gifts there are."""
    media = GiftMedia.objects.order_by("gift_id", "position")
    return gifts.select_related("template", "film").prefetch_related(Prefetch("giftmedia_set", media))


def gift_by_token(token: str) -> Gift | None:
    return Gift.objects.select_related("template", "film").filter(token=token).first()


def gifts_to(email_sha256: str) -> list[UUID]:
    """Every account's gifts that were, or are to be, mailed to the address with this SHA-256; oldest first.

    The hash is of the address in lower case (ASCII's), in hex. No index helps: all gifts and their mails are read.
    """
    written = Gift.objects.annotate(now_to=_Sha256("recipient_email"), then_to=_Sha256("bounced_email"))
    mailed = Message.objects.filter(kind=MessageKind.GIFT).annotate(to=_Sha256("to_email")).filter(to=email_sha256)
    found = set(written.filter(Q(now_to=email_sha256) | Q(then_to=email_sha256)).values_list("pk", flat=True))
    return sorted(found | set(mailed.values_list("gift_id", flat=True)))


def gifts_to_address(email: str) -> list[UUID]:
    """As `gifts_to`, by indexes: who bounced was mailed, so two look-ups find all. Without those forgotten."""
    address = email.lower()
    written = Gift.objects.annotate(to=folded("recipient_email")).filter(to=address, forgotten_at=None)
    mailed = Message.objects.annotate(to=folded("to_email")).filter(
        to=address, kind=MessageKind.GIFT, gift__forgotten_at=None
    )
    found = set(written.values_list("pk", flat=True))
    return sorted(found | set(mailed.values_list("gift_id", flat=True)))


class _Sha256(Func):
    """PostgreSQL's own function; Django's SHA256 asks for an extension."""

    template = """encode(sha256(convert_to(lower(%(expressions)s COLLATE "C"), 'UTF8')), 'hex')"""
    output_field = CharField()


def media_ids_of(gift_id: UUID) -> list[UUID]:
    """Its uploads' ids, in the order of the film."""
    return list(GiftMedia.objects.filter(gift_id=gift_id).order_by("position").values_list("upload_id", flat=True))


def events_of(gift_id: UUID) -> QuerySet[GiftEvent]:
    return GiftEvent.objects.filter(gift_id=gift_id)


def renders_of(gift_id: UUID) -> QuerySet[Render]:
    return Render.objects.filter(gift_id=gift_id)


def media_of(gift_id: UUID) -> QuerySet[GiftMedia]:
    """With their uploads, in their order."""
    return GiftMedia.objects.filter(gift_id=gift_id).select_related("upload").order_by("position")


def messages_of(gift_id: UUID) -> QuerySet[Message]:
    """Newest first."""
    return Message.objects.filter(gift_id=gift_id).order_by("-id")


def jobs_about(ref_ids: Collection[UUID], *, erased: UUID | None = None) -> QuerySet[Job]:
    """What is left to do first, then what is done; newest first.

    An erased gift no longer knows its uploads: of the jobs that delete them those that were given up are told by their
    keys, which end with the gift.
    """
    is_done = ExpressionWrapper(Q(state=JobState.DONE), output_field=BooleanField())
    about = Q(ref_id__in=ref_ids)
    if erased is not None:
        about |= Q(state=JobState.DEAD, kind="upload.delete", dedupe_key__endswith=f":{erased}")
    return Job.objects.filter(about).annotate(is_done=is_done).order_by("is_done", "-id")

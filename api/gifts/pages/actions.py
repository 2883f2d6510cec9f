"""A gift's buttons: when each is offered, what it asks and says first, and the service it calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from api.exceptions import ApplicationError, InvalidStateError, NotFoundError, invalid_fields
from api.gifts import lifecycle, services
from api.gifts.models import Gift
from api.gifts.pages.forms import ALL, CorrectionForm, ErasureForm, PaidForm
from api.gifts.selectors import gifts_to_address
from api.gifts.serializers import GiftIn
from api.gifts.situation import Situation
from api.gifts.states import Delivery, GiftStatus, OrderStatus
from api.serializers import validated
from giftflick.admin_confirm import Answers, ReasonForm
from giftflick.admin_parts import moment_words

OPERATE, ERASE = "api.operate_gift", "api.erase_recipient"
ERASED_AT_ONCE = 100


@dataclass(frozen=True)
class Doing:
    """One press of a button: the gift, locked and as the person saw it, and who presses when."""

    gift: Gift
    answers: Answers
    actor: str
    now: datetime


@dataclass(frozen=True)
class Action:
    """`run` does it within the gift's lock and says what it did; `then` what is left to do after, to other gifts.

    A `guarded` one asks first once more who it is.
    """

    name: str
    label: str
    is_possible: Callable[[Situation], bool]
    says: Callable[[Situation], list[str]]
    run: Callable[[Doing], str]
    then: Callable[[Doing], str] = lambda _: ""
    final: Callable[[Situation], str] = lambda _: ""
    permission: str = OPERATE
    is_reason_required: bool = True
    is_guarded: bool = False
    looks: str = ""
    form: type[ReasonForm] = ReasonForm
    initial: Callable[[Situation], Answers] = lambda _: {}
    options: Callable[[Situation], Answers] = field(default=lambda _: {})

    def label_for(self, situation: Situation) -> str:
        is_resent = self.name == "correct" and situation.status == GiftStatus.BOUNCED
        return f"{self.label} and resend" if is_resent else self.label

    @property
    def page(self) -> str:
        return f"admin:gift_{self.name}"


def _release_words(situation: Situation, *, waits_for_more: bool) -> str:
    gift = situation.gift
    if situation.status != GiftStatus.READY:
        return "Once its video is there, the gift goes its way."
    if waits_for_more:
        return "It still waits for the other."
    if gift.deliver_at is not None and gift.deliver_at > situation.now:
        return f"It then goes out on {moment_words(gift.deliver_at, gift.timezone)}."
    return "Its hour has come: the mail goes out within seconds."


def _render_says(situation: Situation) -> list[str]:
    said = ["The renderer makes a new video of the same content; that takes a minute or two."]
    if situation.gift.film_id:
        said.append("The video that is there is replaced once the new one is verified.")
    return [*said, "The sender is mailed when it is ready."]


def _render(doing: Doing) -> str:
    services.render_again(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "Its video is made anew."


def _approve_says(situation: Situation) -> list[str]:
    return [
        "This stands for the shop's own approval of the video.",
        _release_words(situation, waits_for_more=situation.waits_for_payment),
    ]


def _approve(doing: Doing) -> str:
    services.approve_gift(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "Approved."


def _paid_says(situation: Situation) -> list[str]:
    return [
        "This stands for the shop's own word that the order is paid. Money is the shop's matter: nothing is charged.",
        _release_words(situation, waits_for_more=situation.waits_for_approval),
    ]


def _paid(doing: Doing) -> str:
    services.set_order(
        doing.gift.pk,
        status=OrderStatus.PAID,
        reference=doing.answers["reference"],
        actor=doing.actor,
        now=doing.now,
    )
    return "The order counts as paid."


def _correct_says(situation: Situation) -> list[str]:
    if situation.status == GiftStatus.BOUNCED:
        return [
            f"The mail to {situation.gift.bounced_email} came back. With the right address it is sent again at once.",
            "The new address gets one mail with the link; the old one hears nothing.",
        ]
    return [
        "The gift is still to be sent: its mail goes to what you write here.",
        "The video is not made anew, even where it shows the old name.",
    ]


def _correct(doing: Doing) -> str:
    recipient = {"name": doing.answers["name"], "email": doing.answers["email"]}
    given = GiftIn(data={"recipient": {name: value for name, value in recipient.items() if value}}, partial=True)
    try:
        content = validated(given)
    except ValidationError as error:
        raise invalid_fields(error) from error
    was_bounced = doing.gift.status == GiftStatus.BOUNCED
    services.update_gift(doing.gift.pk, content, actor=doing.actor, now=doing.now, may_lift_gates=True)
    if not was_bounced:
        return "Corrected."
    services.resend_gift(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "Corrected, and on its way to the new address."


def _resend_says(situation: Situation) -> list[str]:
    gift = situation.gift
    if gift.delivery == Delivery.LINK:
        return [f"{gift.sender_email} gets one more mail with the link.", "At most three times a day."]
    return [f"{gift.recipient_email} gets one more mail with the link.", "At most three times a day."]


def _resend(doing: Doing) -> str:
    services.resend_gift(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "One more mail is on its way."


def _cancel_says(situation: Situation) -> list[str]:
    said = ["The gift is called off: nothing is sent, and its video is deleted."]
    if situation.gift.order_required:
        said.append("The shop's order is not touched: refunding it is the shop's own business.")
    return [*said, "The shop's system is told; neither sender nor recipient is mailed."]


def _cancel(doing: Doing) -> str:
    if doing.gift.sent_at is not None:
        raise InvalidStateError(lifecycle.refusal(doing.gift.status, "was sent meanwhile: it can only be withdrawn"))
    services.cancel_gift(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "Canceled."


def _withdraw_says(situation: Situation) -> list[str]:
    gift = situation.gift
    seen = "has watched it already" if gift.watched_at else "has not watched it yet, as far as we know"
    return [
        f"The gift was sent; {gift.recipient_name or 'the recipient'} {seen}.",
        "From now on its link says that the gift is no longer available, and its video is deleted.",
        "Nobody is mailed. The mail that is in the recipient's mailbox stays there.",
    ]


def _withdraw(doing: Doing) -> str:
    if doing.gift.sent_at is None:
        raise InvalidStateError(lifecycle.refusal(doing.gift.status, "was not sent: it can be canceled"))
    services.cancel_gift(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "Withdrawn: its link says that it is gone."


def _retry_says(situation: Situation) -> list[str]:
    if not situation.stuck:
        return ["Nothing of this gift is stuck as far as we can see; pressing the button looks once more."]
    found = dict.fromkeys(stuck.trouble.value for stuck in situation.stuck)
    return [f"Found: {'; '.join(found)}.", "What is stuck is tried once more. Nothing that went well is repeated."]


def _retry(doing: Doing) -> str:
    done = services.retry_step(doing.gift.pk, actor=doing.actor, now=doing.now)
    return " ".join(done) or "Nothing is stuck: there was nothing to retry."


def _erase_says(situation: Situation) -> list[str]:
    said = ["Names, addresses, the message, product, order reference and the shop's notes are blanked here."]
    said.append("The video and the files that the sender uploaded are deleted; a file that another gift uses stays.")
    if situation.gift.ended_at is None:
        said.append("The gift is called off; if it was sent, its link says that it is gone.")
    return [*said, "That it existed, its states and times stay; so does, in the audit log, who erased it and when."]


def _erase(doing: Doing) -> str:
    services.erase_gift(doing.gift.pk, actor=doing.actor, now=doing.now)
    return "Erased."


def _erase_others(doing: Doing) -> str:
    """Each by itself: what one of them refuses stops no other."""
    if doing.answers.get("which") != ALL:
        return ""
    found = [pk for pk in gifts_to_address(doing.gift.recipient_email) if pk != doing.gift.pk]
    erased, waiting = 0, 0
    for gift_id in found[:ERASED_AT_ONCE]:
        try:
            erased += services.erase_gift(gift_id, actor=doing.actor, now=doing.now)
        except NotFoundError:
            continue  # deleted meanwhile, as untouched drafts are
        except ApplicationError:
            waiting += 1
    said = [f"{erased} more to the same address as well."]
    if waiting:
        said.append(f"{waiting} could not be erased yet, as while a mail is on its way: do it again from one of them.")
    if len(found) > ERASED_AT_ONCE:
        said.append(f"{len(found) - ERASED_AT_ONCE} are left: do it again from one of them.")
    return " ".join(said)


def _erasure_options(situation: Situation) -> Mapping[str, Any]:
    address = situation.gift.recipient_email
    return {"number": len(gifts_to_address(address)) if address else 1}


ACTIONS = (
    Action(
        "correct", "Correct address", lambda s: s.may_correct, _correct_says, _correct,
        form=CorrectionForm,
        initial=lambda s: {"name": s.gift.recipient_name, "email": s.gift.recipient_email},
        options=lambda s: {"needs_address": s.gift.delivery == Delivery.EMAIL},
    ),
    Action(
        "paid", "Mark order paid", lambda s: s.may_mark_paid, _paid_says, _paid,
        form=PaidForm,
        initial=lambda s: {"reference": s.gift.order_reference},
    ),
    Action("approve", "Approve", lambda s: s.may_approve, _approve_says, _approve),
    Action("resend", "Send again", lambda s: s.may_resend, _resend_says, _resend),
    Action(
        "render", "Render again", lambda s: s.may_render_again, _render_says, _render,
        is_reason_required=False,
    ),
    Action("retry", "Retry this step", lambda s: s.may_retry, _retry_says, _retry),
    Action(
        "cancel", "Cancel gift", lambda s: s.may_cancel, _cancel_says, _cancel,
        final=lambda _: "A canceled gift cannot be taken up again, and its video is gone.",
        looks="danger",
    ),
    Action(
        "withdraw", "Withdraw gift", lambda s: s.may_withdraw, _withdraw_says, _withdraw,
        final=lambda _: "A withdrawn gift cannot be given back, and its video is gone.",
        looks="danger",
        is_guarded=True,
    ),
    Action(
        "erase", "Erase recipient's data", lambda s: s.may_erase, _erase_says, _erase,
        then=_erase_others,
        final=lambda _: "Nobody can bring any of it back, neither we nor the shop.",
        permission=ERASE,
        looks="danger",
        is_guarded=True,
        form=ErasureForm,
        options=_erasure_options,
    ),
)  # fmt: skip

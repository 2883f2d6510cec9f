"""What happens next to a gift and what somebody could do about it: one or two sentences for its page."""

from collections.abc import Callable

from api.delivery.models import Message
from api.delivery.states import MessageStatus
from api.gifts.models import Gift
from api.gifts.situation import Situation, Stuck, Trouble
from api.gifts.states import Delivery, GiftStatus
from api.gifts.sweeps import DRAFTS_LIVE, FAILED_LIVE, REMEMBERED_FOR
from api.outbox.models import Job
from api.rendering.failures import remedy
from api.rendering.selectors import OVERDUE_AFTER
from api.rendering.states import RenderStatus
from giftflick.admin_parts import moment_words

TROUBLES = {
    Trouble.JOB_DEAD: "A job was given up after all its tries.",
    Trouble.JOB_PUT_OFF: "A job failed and waits for its next try.",
    Trouble.MAIL_FORGOTTEN: "A mail is to be sent, and no job does it.",
    Trouble.RENDER_OVERDUE: "The video is overdue.",
    Trouble.RENDER_FORGOTTEN: "The video is to be made, and no job does it.",
    Trouble.DELIVERY_OVERDUE: "Its hour has passed, and it was not sent.",
}


def whats_next(situation: Situation) -> list[str]:
    """First what happens by itself, then what can be done."""
    said = _BY_STATUS[situation.status](situation)
    troubles = list(dict.fromkeys(TROUBLES[one.trouble] for one in situation.stuck if one.trouble in TROUBLES))
    return [*said, *troubles, *(["“Retry this step” sets it going again."] if troubles else [])]


def tone(situation: Situation) -> str:
    """How the box with the sentences looks."""
    is_resent = situation.status == GiftStatus.BOUNCED and situation.open_mail is not None
    if situation.status in {GiftStatus.FAILED, GiftStatus.BOUNCED} and not is_resent:
        return "bad"
    if situation.stuck or situation.status == GiftStatus.READY:
        return "warn"
    is_waiting = situation.status in {GiftStatus.RENDERING, GiftStatus.SCHEDULED, GiftStatus.DRAFT}
    return "info" if is_waiting or is_resent else ""


def _draft(situation: Situation) -> list[str]:
    until = moment_words(situation.gift.updated_at + DRAFTS_LIVE)
    return [
        "Waiting for the shop to hand it in: until then nothing is made or sent.",
        f"Left untouched, it is deleted on {until}.",
    ]


def _rendering(situation: Situation) -> list[str]:
    render = situation.awaited
    if render is None:
        return ["Its video is being made."]
    if render.status == RenderStatus.QUEUED:
        return ["The video is about to be handed to the renderer."]
    since = moment_words(render.submitted_at or render.created_at)
    return [
        f"The renderer has been making the video since {since}.",
        f"If none has come by {moment_words(render.created_at + OVERDUE_AFTER)}, this try counts as failed.",
    ]


def _ready(situation: Situation) -> list[str]:
    gift, waits, can = situation.gift, [], []
    if situation.waits_for_payment:
        order = f"order {gift.order_reference}" if gift.order_reference else "the order"
        waits.append(f"the shop to say that {order} is paid")
        can.append("mark it paid")
    if situation.waits_for_approval:
        waits.append("the shop to approve the video")
        can.append("approve it")
    if not waits:
        return ["The video is there and nothing stands in its way."]
    return [f"Waiting for {' and for '.join(waits)}.", f"You can {' and '.join(can)}."]


def _scheduled(situation: Situation) -> list[str]:
    gift = situation.gift
    if situation.open_mail is not None:
        return _open_mail(situation, situation.open_mail)
    if gift.due_at is None:
        return [_refused(situation.newest_mail), "Correct the address, or retry this step."]
    what = "the sender is mailed the link" if gift.delivery == Delivery.LINK else f"the mail goes to {_whom(gift)}"
    return [f"On {moment_words(gift.due_at, gift.timezone)}, {what}.", "Until then it can be corrected or canceled."]


def _is_about(stuck: Stuck, mail: Message) -> bool:
    return isinstance(stuck.row, Job) and stuck.row.ref_id == mail.pk


def _open_mail(situation: Situation, mail: Message) -> list[str]:
    if any(one.trouble is Trouble.JOB_DEAD and _is_about(one, mail) for one in situation.stuck):
        return [f"The mail with the gift could not be handed to SendGrid: {_why(mail)}"]
    match mail.status:
        case MessageStatus.UNKNOWN:
            return [
                "SendGrid may have taken the mail with the gift, and has not said so yet.",
                "It is sent anew if SendGrid stays silent; until that is clear the gift cannot be changed or canceled.",
            ]
        case MessageStatus.QUEUED if mail.attempts:
            return [f"The mail with the gift was not taken and is tried again: {_why(mail)}"]
    return ["The mail with the gift is on its way to SendGrid: that takes seconds."]


def _sent(situation: Situation) -> list[str]:
    gift, mail = situation.gift, situation.newest_mail
    if situation.open_mail is not None:
        return _open_mail(situation, situation.open_mail)
    if gift.delivery == Delivery.LINK:
        first = f"{gift.sender_name or 'The sender'} has the link and shares it herself."
    elif mail is not None and mail.status == MessageStatus.DELIVERED:
        first = f"The mail has reached {mail.to_email or 'the recipient'}; it was not watched yet."
    elif mail is not None and mail.status == MessageStatus.RECORDED:
        first = "A test gift: its mail was kept and never left. The link works."
    elif _is_refused(mail):
        first = _refused(mail)
    else:
        first = f"SendGrid has the mail to {_whom(gift)}; word that it arrived has not come yet."
    return [first, "You can send it again, or withdraw it: then the link says that the gift is gone."]


def _watched(situation: Situation) -> list[str]:
    gift = situation.gift
    until = f" until {moment_words(gift.expires_at)}" if gift.expires_at else ""
    return [f"{gift.recipient_name or 'The recipient'} has watched {gift.watched_percent} % of the video.",
            f"{_nothing_left(situation)}The link works{until}."]  # fmt: skip


def _bounced(situation: Situation) -> list[str]:
    gift, mail = situation.gift, situation.newest_mail
    if situation.open_mail is not None:
        return [f"The address was corrected to {_whom(gift)}.", *_open_mail(situation, situation.open_mail)]
    if gift.recipient_email != gift.bounced_email:
        corrected = f"The address was corrected to {gift.recipient_email}"
        if _is_refused(mail):
            return [f"{corrected}.", _refused(mail), "Correct it once more, or send it again."]
        return [f"{corrected}; no mail has gone there yet.", "Send it again."]
    why = _why(mail) if mail is not None and mail.failure else "There is no more word from SendGrid."
    return [
        f"The mail to {gift.bounced_email or 'the recipient'} came back. {why}",
        "Ask for the right address, then correct it here: that sends the gift again.",
    ]


def _failed(situation: Situation) -> list[str]:
    gift = situation.gift
    failure = gift.failure or {}
    said = str(failure.get("detail") or "The reason was not kept.")
    until = moment_words(gift.updated_at + FAILED_LIVE)
    return [said, remedy(str(failure.get("code", ""))), f"Left alone, the gift is over on {until}."]


def _over(situation: Situation) -> list[str]:
    gift = situation.gift
    if gift.forgotten_at is not None:
        erased = f"What it held about people was erased on {moment_words(gift.forgotten_at)}."
        return [f"{erased} {_nothing_left(situation)}".strip()]
    gone = "Its link says that the gift is gone, and its" if gift.sent_at else "Its"
    said = [f"It is over. {gone} video is removed."]
    if gift.ended_at is not None:
        said.append(f"Names, addresses and words are erased on {moment_words(gift.ended_at + REMEMBERED_FOR)}.")
    return said


def _nothing_left(situation: Situation) -> str:
    return "" if situation.stuck else "Nothing is left to do. "


def _is_refused(mail: Message | None) -> bool:
    return mail is not None and mail.status == MessageStatus.REFUSED


def _refused(mail: Message | None) -> str:
    is_ours = mail is not None and (mail.failure or {}).get("code") == "suppressed"
    return f"{'The mail was not sent' if is_ours else 'SendGrid would not take the mail'}: {_why(mail)}"


def _why(mail: Message | None) -> str:
    return str((mail.failure or {}).get("detail") or "no reason was given.") if mail else "no reason was given."


def _whom(gift: Gift) -> str:
    return gift.recipient_email or gift.recipient_name or "the recipient"


_BY_STATUS: dict[GiftStatus, Callable[[Situation], list[str]]] = {
    GiftStatus.DRAFT: _draft,
    GiftStatus.RENDERING: _rendering,
    GiftStatus.READY: _ready,
    GiftStatus.SCHEDULED: _scheduled,
    GiftStatus.SENT: _sent,
    GiftStatus.WATCHED: _watched,
    GiftStatus.BOUNCED: _bounced,
    GiftStatus.FAILED: _failed,
    GiftStatus.EXPIRED: _over,
    GiftStatus.CANCELED: _over,
}

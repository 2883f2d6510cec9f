"""Why a mail did not arrive, in words a founder understands."""

from collections.abc import Mapping

UNCLEAR = ("not_deliverable", "The recipient's mail server did not take the mail.")

# SendGrid's classes of bounces.
BOUNCES = {
    "invalid address": ("address_unknown", "There is no such address."),
    "mailbox unavailable": ("mailbox_unavailable", "The mailbox is full, closed or takes no mail at the moment."),
    "content": ("content_refused", "The recipient's mail server took offence at the mail's content."),
    "reputation": ("sender_distrusted", "The recipient's mail server does not trust our sending address."),
    "frequency or volume too high": ("too_many_mails", "The recipient's mail server had too many mails from us."),
    "technical failure": ("technical_failure", "The recipient's mail server had a fault."),
    "technical": ("technical_failure", "The recipient's mail server had a fault."),
}

# What SendGrid says when it does not even try.
DROPS = {
    "bounced address": ("address_bounced_before", "The address bounced before, so SendGrid no longer tries it."),
    "invalid": ("address_unknown", "There is no such address."),
    "unsubscribed address": ("unsubscribed", "The recipient wants no mails from us."),
    "spam reporting address": ("reported_spam_before", "The recipient reported an earlier mail as spam."),
    "spam content": ("content_refused", "SendGrid took the mail for spam."),
    "recipient list over package quota": ("quota_used_up", "Our SendGrid plan's quota is used up."),
}


def explain(raw: Mapping[str, str]) -> dict[str, str]:
    """`{"code", "detail"}` from a bounced or dropped event as it is stored; the server's own words come last."""
    reason = raw.get("reason", "")
    if raw.get("event") == "dropped":
        code, detail = DROPS.get(reason.lower(), UNCLEAR)
        said = "" if reason.lower() in DROPS else reason
    else:
        code, detail = BOUNCES.get(raw.get("bounce_classification", "").lower(), _by_status(raw))
        said = reason
    return {"code": code, "detail": f"{detail} It was told: {said}" if said else detail}


def suppressed(reason: str) -> dict[str, str]:
    """A mail that was not even tried; `reason` is why its address is on the list."""
    return {
        "code": "suppressed",
        "detail": f"The address is on Giftflick's list of those that are not mailed: {reason}. "
        "Correct the address, or ask Giftflick.",
    }


def _by_status(raw: Mapping[str, str]) -> tuple[str, str]:
    """For bounces without a class: RFC 3463 begins a status with 5.1 for addresses, with 5.2 and 4.2 for mailboxes."""
    status = raw.get("status", "")
    if status.startswith("5.1."):
        return BOUNCES["invalid address"]
    if status.startswith(("5.2.", "4.2.")):
        return BOUNCES["mailbox unavailable"]
    return UNCLEAR

"""A shop's page in the admin: how it stands, and the buttons that shut it out and let it in again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts import services
from accounts.models import Account, ApiKey
from accounts.reauthentication import fresh_sign_in
from accounts.selectors import working_keys
from api.delivery.selectors import mails_sent_today
from api.gifts.selectors import gifts_for
from api.time_keys import key_at
from giftflick.admin_confirm import Answers, Question, ask
from giftflick.admin_pages import page
from giftflick.admin_parts import moment_words

MAY_CHANGE = "accounts.change_account"


@dataclass(frozen=True)
class Tile:
    """A number, and the list behind it; no link for whoever may not see that list."""

    label: str
    number: str
    hint: str
    link: str


def tiles_of(account: Account, request: HttpRequest, *, now: datetime) -> list[Tile]:
    of_shop = {"account__id__exact": str(account.pk)}
    keys = working_keys(now=now).filter(account=account).count()
    said = "" if keys else "It cannot call us yet: issue one."
    if keys and account.suspended_at:
        said = "All refused while it is suspended."
    gifts = _gifts_this_month(account.pk, now=now)
    mails = mails_sent_today(account.pk, now=now)
    return [
        Tile("Keys that work", f"{keys}", said, _list(request, "accounts", ApiKey._meta.model_name, of_shop)),  # noqa: SLF001
        Tile(
            "Gifts this month",
            f"{gifts:,}",
            "Live ones, since the first, UTC.",
            _list(request, "api", "gift", {**of_shop, "livemode__exact": "1"}),
        ),
        Tile(
            "Mails today",
            f"{mails:,} of {account.mails_per_day:,}",
            _mail_words(mails, account.mails_per_day),
            _list(request, "api", "message", of_shop),
        ),
    ]


def _gifts_this_month(account_id: UUID, *, now: datetime) -> int:
    """A stretch of the index: ids begin with the time that they were made at."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return gifts_for(account_id, livemode=True).filter(pk__gte=key_at(first)).count()


def _mail_words(sent: int, most: int) -> str:
    if sent >= most:
        return "Used up: the rest goes out after midnight, UTC."
    return "Live ones of every kind, since midnight, UTC."


def _list(request: HttpRequest, app: str, model: str | None, filters: dict[str, str]) -> str:
    if not request.user.has_perm(f"{app}.view_{model}"):
        return ""
    return f"{reverse(f'admin:{app}_{model}_changelist')}?{urlencode(filters)}"


@page("shops/<uuid:pk>/suspend/", name="shop_suspend", permission=MAY_CHANGE)
@fresh_sign_in
def suspend(request: HttpRequest, pk: UUID) -> HttpResponse:
    account = get_object_or_404(Account, pk=pk)

    def act(_answers: Answers, _version: int) -> str:
        services.suspend_account(account, now=timezone.now())
        return f"{account} is suspended: every key of it is refused within 60 seconds."

    says = [
        "Every key of this shop, also one that is issued meanwhile, is refused within 60 seconds.",
        "Its gifts stay, and those that are scheduled still go out: cancel them if they should not.",
        "Links that were sent keep working.",
        "Resume undoes it, and the keys work again as they were.",
    ]
    question = Question(
        title=f"Suspend {account}?", about=account.email, says=says, button="Suspend", back=_back(account),
        is_dangerous=True,
    )  # fmt: skip
    return ask(request, question, act)


@page("shops/<uuid:pk>/resume/", name="shop_resume", permission=MAY_CHANGE)
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    account = get_object_or_404(Account, pk=pk)

    def act(_answers: Answers, _version: int) -> str:
        services.resume_account(account, now=timezone.now())
        return f"{account} may call again."

    since = f"It is suspended since {moment_words(account.suspended_at)}." if account.suspended_at else account.email
    says = ["Every key of this shop that was not revoked and has not expired works again, within 60 seconds."]
    question = Question(title=f"Resume {account}?", about=since, says=says, button="Resume", back=_back(account))
    return ask(request, question, act)


def _back(account: Account) -> str:
    return reverse("admin:accounts_account_change", args=[account.pk])

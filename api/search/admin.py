"""The one search box: it stands on every page of the admin, and what is typed into it in no address and in no log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.models import Account, ApiKey
from accounts.selectors import state_of
from api.delivery.models import Message
from api.gifts.models import Gift
from api.media.models import Upload
from api.outbox.models import Job
from api.rendering.models import Render
from api.search.finding import KINDS, SHOWN, Group, only_one_meant, search
from api.search.terms import LONGEST, MANY, SHORTEST_PREFIX, Term, read_term
from api.templates.models import Template
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from giftflick.admin_links import page_of
from giftflick.admin_pages import page, show
from giftflick.admin_parts import badge


@dataclass(frozen=True)
class Line:
    """How a row is shown among what was found."""

    title: str
    more: str
    state: str = ""
    at: datetime | None = None
    is_test: bool = False

    @property
    def badge(self) -> str:
        return badge(self.state) if self.state else ""


def _gift(gift: Gift) -> Line:
    people = f"{gift.recipient_name or 'Nobody yet'} from {gift.sender_name or 'nobody'}"
    if gift.forgotten_at:
        people = "A gift whose people are forgotten"
    parts = [gift.account.name, gift.recipient_email, gift.order_reference]
    return Line(people, _joined(parts), gift.status, gift.created_at, not gift.livemode)


def _message(mail: Message) -> Line:
    parts = [mail.get_kind_display(), mail.provider_id]
    return Line(mail.to_email or "An address that is forgotten", _joined(parts), mail.status, mail.created_at,
                not mail.livemode)  # fmt: skip


def _key(key: ApiKey) -> Line:
    return Line(key.name, _joined([key.pk, key.account.name]), state_of(key, now=timezone.now()), key.created_at,
                not key.livemode)  # fmt: skip


def _account(account: Account) -> Line:
    return Line(account.name, account.email, "suspended" if account.suspended_at else "", account.created_at)


def _upload(upload: Upload) -> Line:
    return Line(
        upload.content_type, _joined([upload.account.name, str(upload.pk)]), upload.status, upload.created_at,
        not upload.livemode,
    )  # fmt: skip


LINES: dict[type[Model], Callable[[Any], Line]] = {
    Gift: _gift,
    Render: lambda render: Line(str(render.pk), render.provider_id, render.status, render.created_at),
    Message: _message,
    Account: _account,
    ApiKey: _key,
    Upload: _upload,
    Template: lambda template: Line(template.name, template.slug, template.status, template.updated_at),
    Job: lambda job: Line(f"{job.kind} {job.pk}", job.last_error or str(job.ref_id), job.state, job.created_at),
    WebhookEndpoint: lambda endpoint: Line(
        endpoint.url, endpoint.account.name, "" if endpoint.enabled else "off", endpoint.created_at,
        not endpoint.livemode,
    ),
    WebhookDelivery: lambda delivery: Line(delivery.type, str(delivery.pk), delivery.status, delivery.created_at),
}  # fmt: skip

TITLES: dict[type[Model], str] = {
    Gift: "Gifts",
    Render: "Renders",
    Message: "Mails",
    Account: "Shops",
    ApiKey: "API keys",
    Upload: "Uploads",
    Template: "Templates",
    Job: "Jobs",
    WebhookEndpoint: "Webhook endpoints",
    WebhookDelivery: "Webhook deliveries",
}


@page("find/", name="find", permission=None)
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """A whole identifier leads straight to its page; anything else shows what begins with it."""
    given = request.POST.get("term", "")
    term = read_term(given)
    if request.method != "POST" or term is None or _is_too_short(term):
        return _show(request, term, groups=[], trouble=_trouble(given, term) if request.method == "POST" else "")
    groups = search(term, [kind.model for kind in KINDS if request.user.has_perm(_permission(kind.model))])
    if meant := only_one_meant(groups):
        return HttpResponseRedirect(page_of(meant))
    return _show(request, term, groups=groups)


def _show(request: HttpRequest, term: Term | None, *, groups: list[Group], trouble: str = "") -> HttpResponse:
    kinds = [TITLES[kind.model] for kind in KINDS if request.user.has_perm(_permission(kind.model))]
    return show(
        request,
        "admin/search_find.html",
        "Find",
        term=term.text if term else "",
        is_key=bool(term and term.is_secret),
        trouble=trouble,
        groups=[_shown(group, term) for group in groups],
        is_asked=request.method == "POST" and not trouble,
        kinds=kinds,
        many=MANY,
    )


def _shown(group: Group, term: Term | None) -> dict[str, Any]:
    model = group.kind.model
    more = f"{_list_of(model)}?{urlencode({'q': term.text})}" if term and group.total > SHOWN else ""
    return {
        "id": model._meta.model_name,  # noqa: SLF001 - Django documents it
        "title": TITLES[model],
        "total": group.total,
        "is_cut": group.found.is_cut,
        "more": more,
        "lines": [(LINES[model](row), what, page_of(row)) for row, what in group.rows],
    }


def _is_too_short(term: Term) -> bool:
    return len(term.text) < SHORTEST_PREFIX and term.number is None


def _trouble(given: str, term: Term | None) -> str:
    if term is not None:
        return f"Type {SHORTEST_PREFIX} characters at least: everything would fit a single letter."
    if given.strip():
        return f"Nothing that is kept is longer than {LONGEST} characters. Paste an id, an address or a link alone."
    return "Type or paste something to find."


def _permission(model: type[Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"  # noqa: SLF001 - Django documents it


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # noqa: SLF001


def _joined(parts: list[str]) -> str:
    return " · ".join(part for part in parts if part)

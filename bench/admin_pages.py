"""What `bench.admin` asks for: each page as a founder comes to it, of another row each time."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.test import Client
from django.utils import timezone

import giftflick.admin_urls  # noqa: F401 - the pages are found before anything is measured
from accounts.keys import generate
from accounts.models import Account, User
from api.audit.models import AuditEntry
from api.delivery.models import Message
from api.gifts.models import Gift
from api.media.models import Upload
from api.outbox.models import Job
from api.rendering.models import Render
from bench.filling import API_KEY
from tests.admin.signing import signed_in

Ask = Callable[[], Any]

DEEP = 0.7  # of the way from the newest row to the oldest
SAMPLED = 100


def founder() -> Client:
    client = signed_in(User.objects.create_superuser("bench"))
    client.defaults["HTTP_HOST"] = "127.0.0.1"
    return client


def today(client: Client, **params: str) -> Ask:
    return lambda: client.get("/admin/", params)


def searches(client: Client) -> dict[str, Ask]:
    """A term of each kind, with what is rare, common, odd and not there."""
    gifts, renders, mails = _some(Gift), _some(Render), _some(Message)
    uploads, jobs, shops = _some(Upload, 5), _some(Job, 5), list(Account.objects.all())
    terms: dict[str, Callable[[], str]] = {
        "gift's id": lambda: str(_one(gifts).pk),
        "watch link": lambda: f"https://gifts.example/g/{_one(gifts).token}",
        "recipient's e-mail": lambda: _one(gifts).recipient_email,
        "sender's e-mail": lambda: _one(gifts).sender_email,
        "beginning of an e-mail": lambda: _one(gifts).recipient_email[:8],
        "whole name": lambda: _one(gifts).recipient_name,
        "first name, very common": lambda: _one(gifts).recipient_name.split()[0],
        "last name": lambda: _one(gifts).sender_name.split()[-1],
        "two letters": lambda: _one(gifts).recipient_name[:2],
        "order reference": lambda: _one(gifts).order_reference or "SO-1",
        "beginning of every order reference": lambda: "SO-",
        "render's id": lambda: str(_one(renders).pk),
        "renderer's id": lambda: _one(renders).provider_id,
        "mail's id": lambda: str(_one(mails).pk),
        "SendGrid's id, as its events tell it": lambda: f"{_one(mails).provider_id}.filter0001.1.5B88.0",
        "API key's id": lambda: API_KEY,
        "whole API key, not one of ours": lambda: generate(livemode=True),
        "shop's name": lambda: _one(shops).name,
        "upload's id": lambda: str(_one(uploads).pk),
        "template": lambda: "birthday-bench",
        "job": lambda: str(_one(jobs).pk),
        "id of nothing": lambda: "01a20aec-c439-7c41-9a6b-dece5dc53ac7",
        "nothing that is there": lambda: "zzz no such thing",
        "letters with accents, 300 of them": lambda: "ü" * 300,
    }
    return {f"Search: {name}": _post(client, term) for name, term in terms.items()}


def lists(client: Client) -> dict[str, Ask]:
    """No limit is set to these here: they say what they take."""
    day = timezone.now() - timedelta(days=200)
    start, end = (f"{day + timedelta(days=n):%Y-%m-%dT00:00:00Z}" for n in (0, 1))
    by_day = {"created_at__gte": start, "created_at__lt": end}
    asked: dict[str, tuple[str, dict[str, str]]] = {}
    for name, model in {"Gifts": Gift, "Mails": Message, "Renders": Render, "Audit log": AuditEntry}.items():
        path = f"/admin/api/{model._meta.model_name}/"  # noqa: SLF001 - Django documents it
        asked[f"{name}: newest"] = (path, {})
        asked[f"{name}: 70 % down"] = (path, {"p": f"after-{_key_at(model, DEEP)}"})
        asked[f"{name}: oldest first"] = (path, {"o": "1"})
    gifts, mails, renders = "/admin/api/gift/", "/admin/api/message/", "/admin/api/render/"
    asked |= {
        "Gifts: one day": (gifts, by_day),
        "Gifts: one day, by state": (gifts, {**by_day, "status__exact": "expired"}),
        "Gifts: bounced": (gifts, {"status__exact": "bounced", "livemode__exact": "1"}),
        "Gifts: watched": (gifts, {"status__exact": "watched"}),
        "Gifts: of a shop": (gifts, {"account__id__exact": str(_one(list(Account.objects.all())).pk)}),
        "Gifts: thanked": (gifts, {"thanked": "yes"}),
        "Mails: one day": (mails, by_day),
        "Mails: refused": (mails, {"status__exact": "refused"}),
        "Mails: possible doubles": (mails, {"is_possible_double__exact": "1"}),
        "Renders: one day": (renders, by_day),
        "Renders: failed": (renders, {"status__exact": "failed"}),
        "Jobs: dead": ("/admin/api/job/", {"state__exact": "dead"}),
    }
    return {name: _get(client, path, params) for name, (path, params) in asked.items()}


def _get(client: Client, path: str, params: dict[str, str]) -> Ask:
    address = f"{path}?{urlencode(params)}"
    return lambda: client.get(address)


def _post(client: Client, term: Callable[[], str]) -> Ask:
    return lambda: client.post("/admin/find/", {"term": term()})


def _some(model: Any, count: int = SAMPLED) -> list[Any]:
    """Rows from all over the table."""
    return [model.objects.filter(pk__gte=_key_at(model, place / count)).order_by("pk")[0] for place in range(count)]


def _one(rows: list[Any]) -> Any:
    return random.choice(rows)  # noqa: S311 - any row will do


def _key_at(model: Any, share: float) -> Any:
    """A key so far from the newest on the way to the oldest; keys grow with time."""
    rows = model.objects.order_by("pk").values_list("pk", flat=True)
    oldest, newest = rows[0], rows.reverse()[0]
    if isinstance(newest, UUID):
        return UUID(int=newest.int - int((newest.int - oldest.int) * share))
    return newest - int((newest - oldest) * share)

"""A gift's page as tests read it, and its buttons as they press them."""

import re
from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client

from api.gifts.models import Gift

WHY = "The shop asked for it"


def page_of(gift: Gift) -> str:
    return f"/admin/api/gift/{gift.pk}/change/"


def button(gift: Gift, name: str) -> str:
    return f"/admin/gifts/{gift.pk}/{name}/"


def looked_at(client: Client, gift: Gift, **query: str) -> str:
    answer = client.get(page_of(gift), query)
    assert answer.status_code == 200
    return answer.content.decode()


def offered(client: Client, gift: Gift) -> set[str]:
    return set(re.findall(rf"/admin/gifts/{gift.pk}/([a-z]+)/", looked_at(client, gift)))


def press(client: Client, gift: Gift, name: str, /, **answers: Any) -> Any:
    gift.refresh_from_db()
    return client.post(button(gift, name), {"version": gift.version, "reason": WHY, **answers})


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def refusal(answer: Any) -> str:
    found = re.search(r'id="refusal">(.*?)</div>', answer.content.decode(), re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""

"""What is dangerous asks for password and second factor once more, ten minutes after they were shown."""

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from accounts.reauthentication import FRESH
from tests.admin.conftest import Story
from tests.admin.matrix import BY_POST_ONLY
from tests.admin.signing import signed_in
from tests.admin.visits import ANSWERS, SUPERUSER, undone, user_in, visits

LED_ON = {"console_personal_run", "console_personal_download"}  # by a GET, to the console, which asks itself


def asks_who_it_is(answer: Any) -> bool:
    answer.getvalue()  # closes a file
    return str(answer.headers.get("Location")).startswith(f"{reverse('admin:reauthenticate')}?next=")


def test_dangerous_pages_and_no_others_ask_who_it_is_a_while_after_the_sign_in(story: Story, now: datetime) -> None:
    client = signed_in(user_in(SUPERUSER), confirmed_at=now - FRESH - timedelta(minutes=1))

    by_get, by_post = set(), set()
    for visit in visits():
        with undone(client):
            by_get |= {visit.name} if asks_who_it_is(client.get(visit.path)) else set()
            by_post |= {visit.name} if asks_who_it_is(client.post(visit.path, ANSWERS)) else set()

    assert by_post == {visit.name for visit in visits() if visit.fresh}
    assert by_get == {visit.name for visit in visits() if visit.fresh and visit.status != BY_POST_ONLY} - LED_ON


def test_none_of_them_asks_right_after_the_sign_in(story: Story, now: datetime) -> None:
    client = signed_in(user_in(SUPERUSER), confirmed_at=now - FRESH + timedelta(minutes=1))

    asking = [visit.name for visit in visits() if visit.fresh and asks_who_it_is(client.get(visit.path))]

    assert asking == []

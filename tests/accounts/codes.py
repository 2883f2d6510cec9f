"""What the phone of somebody of the team shows, and how they come in with it."""

import re
import time
from base64 import b32decode
from typing import Any

from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.second_factor import Setup, calm, enrol, make_recovery_codes, new_key

PASSWORD = "a-long-enough-phrase-7"
LOGIN, CODE, ENROL, KEEP = (
    "/admin/login/",
    "/admin/login/code/",
    "/admin/login/second-factor/",
    "/admin/login/recovery-codes/",
)


def phone_shows(key: str, *, steps: int = 0) -> str:
    """The app's code now, or that of some half minutes later."""
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06}"


def wrong_code(key: str) -> str:
    """None of those that are right about now."""
    right = {phone_shows(key, steps=steps) for steps in range(-3, 4)}
    return next(code for code in (f"{number:06}" for number in range(10)) if code not in right)


def member(name: str = "ada", *, has_factor: bool = True, **fields: Any) -> User:
    user = User.objects.create_superuser(name, f"{name}@giftflick.example", PASSWORD, **fields)
    if has_factor:
        equip(user)
    return user


def equip(user: User) -> list[str]:
    """Give the user a second factor, and return its recovery codes."""
    setup = Setup(key=new_key(), last_t=-1, drift=0, codes=make_recovery_codes())
    enrol(user, setup, now=timezone.now())
    return setup.codes


def key_of(user: User) -> str:
    return str(TOTPDevice.objects.get(user=user).key)


def type_password(client: Client, name: str = "ada", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, **more)


def type_code(client: Client, code: str, **more: Any) -> Any:
    return client.post(CODE, {"code": code}, **more)


def come_in(client: Client, user: User, **more: Any) -> Any:
    """By both factors; the page that it leads to is not opened."""
    type_password(client, user.get_username(), **more)
    a_while_later(user)
    return type_code(client, phone_shows(key_of(user)), **more)


def a_while_later(user: User) -> None:
    """The half minute of the last code is over, and so is any pause after a wrong one."""
    TOTPDevice.objects.filter(user=user).update(last_t=-1, drift=0)
    calm(user)


def shown_key(page: Any) -> str:
    """The key that the enrolment page shows as text, in hexadecimal."""
    [secret] = re.findall(r'id="secret">([^<]+)<', page.content.decode())
    return b32decode(secret.replace(" ", "")).hex()


def shown_codes(page: Any) -> list[str]:
    return re.findall(r"<li><code>([a-z2-7-]+)</code></li>", page.content.decode())


def enrol_in(client: Client, page: str = ENROL, codes_page: str = KEEP) -> tuple[str, list[str]]:
    """Go through the pages as somebody with a new phone does; its key and the recovery codes."""
    key = shown_key(client.get(page))
    assert client.post(page, {"code": phone_shows(key)})["Location"] == codes_page
    codes = shown_codes(client.get(codes_page))
    client.post(codes_page, {"kept": "on"})
    return key, codes

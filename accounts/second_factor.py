"""The second factor of somebody of the team: an authenticator app, and ten recovery codes for when it is lost.

django-otp keeps both and sees to it that no code works twice. Of a recovery code its digest alone is stored: 80 random
bits need no salt.
"""

from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from api.exceptions import ApplicationError, TooManyError

APP_NAME, CODES_NAME = "authenticator app", "recovery codes"
CODES = 10
LONGEST_PAUSE = 10  # wrong codes after which the pause between two tries grows no further: 512 seconds

Device = Any  # django-otp has no types


class WrongCodeError(ApplicationError):
    status = 403
    code = "wrong_code"


def has_second_factor(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def check_code(user: User, code: str, *, is_known_browser: bool = False, now: datetime) -> Device:
    """The device that this code is of; the code is used up.

    Each wrong one makes the next wait longer, whoever tries, except in a browser in which the user has signed in
    before: an outsider who has the password must not keep its owner out. Raises WrongCodeError, TooManyError.
    """
    typed = "".join(code.split()).replace("-", "").lower()
    is_of_app = typed.isascii() and typed.isdigit() and len(typed) == 6
    with transaction.atomic():
        devices = (TOTPDevice if is_of_app else StaticDevice).objects.select_for_update()
        device = devices.filter(user=user, confirmed=True).order_by("pk").first()
        if device is not None and _accepts(device, typed if is_of_app else _digest(typed), is_known_browser, now):
            return device
    raise WrongCodeError("This code is wrong, or has been used already.")


def _accepts(device: Device, token: str, is_known_browser: bool, now: datetime) -> bool:  # noqa: FBT001
    count, at = device.throttling_failure_count, device.throttling_failure_timestamp
    if is_known_browser:
        device.throttle_reset(commit=False)
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        wait = why["locked_until"] - now
        raise TooManyError("There were too many wrong codes.", retry_after=wait)
    if device.verify_token(token):
        return True
    if is_known_browser:
        device.throttling_failure_count, device.throttling_failure_timestamp = count, at
    device.throttling_failure_count = min(device.throttling_failure_count, LONGEST_PAUSE)
    device.save()
    return False


def make_recovery_codes() -> list[str]:
    """Sixteen letters and digits each, in groups of four to be read."""
    return [_grouped(b32encode(token_bytes(10)).decode().lower()) for _ in range(CODES)]


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _digest(typed: str) -> str:
    return b32encode(sha256(typed.encode()).digest()[:10]).decode().lower()

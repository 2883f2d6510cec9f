"""The second factor of somebody of the team: an authenticator app, and ten recovery codes for when it is lost.

django-otp keeps both and sees to it that no code works twice. Of a recovery code its digest alone is stored: 80 random
bits need no salt.
"""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from django.db import transaction
from django.db.models import F
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.sign_in_log import note
from api.exceptions import ApplicationError, InvalidStateError, TooManyError

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


@dataclass(frozen=True)
class Setup:
    """A new app that has shown its first code, and what came with it; not yet anybody's."""

    key: str
    last_t: int
    drift: int
    codes: list[str]


def new_key() -> str:
    """In hexadecimal, as django-otp keeps it."""
    return token_bytes(20).hex()


def readable(key: str) -> str:
    """The key as it is typed into an app: base32, in groups of four."""
    return _grouped(b32encode(bytes.fromhex(key)).decode()).replace("-", " ")


def link_of(key: str, user: User) -> str:
    """What the QR code says."""
    return str(TOTPDevice(user=user, key=key).config_url)


def try_out(key: str, code: str, *, now: datetime) -> Setup:
    """Whether an app that was given the key shows the right code. Raises WrongCodeError."""
    typed = "".join(code.split())
    totp = TOTP(bytes.fromhex(key))
    totp.time = now.timestamp()
    if not (typed.isascii() and typed.isdigit() and len(typed) == 6 and totp.verify(int(typed), tolerance=1)):
        raise WrongCodeError("This code is wrong. Is the clock of your phone right? Wait for the next code and try it.")
    return Setup(key, totp.t(), totp.drift, make_recovery_codes())


def enrol(user: User, setup: Setup, *, is_replacement: bool = False, now: datetime) -> Device:
    """Make it the user's second factor, and end all sessions: the caller opens the present one again.

    Raises InvalidStateError if the user has one already and does not replace it: whoever has only the password gets
    no second device in.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if has_second_factor(user) and not is_replacement:
            raise InvalidStateError("There is a second factor already. Sign in with it.")
        _forget(user)
        device = TOTPDevice.objects.create(
            user=user, name=APP_NAME, key=setup.key, last_t=setup.last_t, drift=setup.drift, confirmed=True
        )
        _keep_codes(user, setup.codes)
        end_sessions(user)
        note("second_factor.replaced" if is_replacement else "second_factor.enrolled", user, now=now)
    return device


def replace_codes(user: User, codes: list[str], *, now: datetime) -> None:
    """From now on these are the user's recovery codes. Ends all sessions, as `enrol` does.

    Their device stays, for whoever came in by one of the old.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _keep_codes(user, codes)
        end_sessions(user)
        note("recovery_codes.replaced", user, now=now)


def forget_second_factor(user: User) -> None:
    """Whoever signs in as this user next enrols another; until then the password must be of no use."""
    _forget(user)
    end_sessions(user)


def codes_left(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def enrolled_at(user: User) -> datetime | None:
    return TOTPDevice.objects.filter(user=user, confirmed=True).values_list("created_at", flat=True).first()  # type: ignore[no-any-return]


def calm(user: User) -> None:
    """Forget the wrong codes, after which the next had to wait."""
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user=user).update(throttling_failure_count=0, throttling_failure_timestamp=None)


def end_sessions(user: User) -> None:
    """Sign the user out everywhere."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])


def _forget(user: User) -> None:
    for kind in (TOTPDevice, StaticDevice):
        list(kind.objects.select_for_update().filter(user=user).order_by("pk"))  # before codes, as where one is checked
        kind.objects.filter(user=user).delete()


def _keep_codes(user: User, codes: list[str]) -> None:
    devices = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True).order_by("pk")
    device = devices.first() or StaticDevice.objects.create(user=user, name=CODES_NAME, confirmed=True)
    StaticToken.objects.filter(device__user=user).delete()
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(code.replace("-", ""))) for code in codes)

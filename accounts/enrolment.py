"""Setting up an authenticator app, step by step, in the session: nothing of it counts before the last step.

The key is shown as a QR code and as text; the app shows a first code; ten recovery codes are shown, and kept. A session
that breaks off in between leaves everything as it was.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from accounts import second_factor
from accounts.models import User
from accounts.second_factor import Device, Setup, WrongCodeError

SESSION = "enrolment"


class FirstCodeForm(forms.Form):
    code = forms.CharField(
        label="The six digits that the app shows now",
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )


class KeptForm(forms.Form):
    kept = forms.BooleanField(
        label="I have kept these codes where I find them without my phone",
        label_suffix="",
        error_messages={"required": "Keep the codes first: without them and without your phone you are locked out."},
    )


def scan(request: HttpRequest, *, now: datetime) -> bool:
    """Whether the app has shown the right first code; else `shown` is what to show."""
    state = request.session.get(SESSION, {})
    if "key" not in state:
        state = request.session[SESSION] = {"key": second_factor.new_key()}
    form = FirstCodeForm(request.POST if request.method == "POST" else None)
    request.enrolment_form = form  # type: ignore[attr-defined]
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        setup = second_factor.try_out(state["key"], form.cleaned_data["code"], now=now)
    except WrongCodeError as refusal:
        form.add_error("code", refusal.detail)
        return False
    request.session[SESSION] = vars(setup)
    return True


def shown(request: HttpRequest, user: User) -> dict[str, Any]:
    key = request.session[SESSION]["key"]
    return {
        "form": request.enrolment_form,  # type: ignore[attr-defined]
        "qr": _qr(second_factor.link_of(key, user)),
        "secret": second_factor.readable(key),
        "link": second_factor.link_of(key, user),
    }


def show_new_codes(request: HttpRequest) -> None:
    """Begin with the last step: the app stays, the recovery codes are new."""
    request.session[SESSION] = {"codes": second_factor.make_recovery_codes()}


def codes(request: HttpRequest) -> list[str] | None:
    found: list[str] | None = request.session.get(SESSION, {}).get("codes")
    return found


def finish(request: HttpRequest, user: User, *, is_replacement: bool = False, now: datetime) -> Device | None:
    """The codes are kept: all of it counts now, and every session has ended. Returns the device if it is a new one.

    Raises InvalidStateError, as `second_factor.enrol` does.
    """
    state = request.session.pop(SESSION)
    if "key" not in state:
        second_factor.replace_codes(user, state["codes"], now=now)
        return None
    return second_factor.enrol(user, Setup(**state), is_replacement=is_replacement, now=now)


def as_file(request: HttpRequest, user: User) -> HttpResponse | None:
    """The codes as a text to save or print."""
    found = codes(request)
    if found is None:
        return None
    head = f"Giftflick: recovery codes of {user.get_username()}. Each works once, in place of the phone."
    headers = {"Content-Disposition": 'attachment; filename="giftflick-recovery-codes.txt"'}
    return HttpResponse("\n".join([head, "", *found, ""]), content_type="text/plain; charset=utf-8", headers=headers)


def _qr(text: str) -> SafeString:
    """Black on white in both themes: phones read nothing else reliably."""
    import segno

    made = segno.make(text, error="m")
    options = {"scale": 5, "border": 3, "light": "#fff", "dark": "#000", "omitsize": True, "svgclass": "gf-qr"}
    return mark_safe(made.svg_inline(title="QR code for your authenticator app", lineclass=None, **options))  # noqa: S308 - segno escapes

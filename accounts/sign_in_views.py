"""The pages before the admin: the password, the code, and for a newcomer the way to a second factor.

They are all that somebody reaches who has shown a password only, and they work without scripts.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AuthenticationForm

from accounts import enrolment, lockout
from accounts.known_browsers import remember_browser
from accounts.models import User
from accounts.reauthentication import safe_next
from accounts.second_factor import CODES_NAME, codes_left, has_second_factor
from accounts.sign_in import half_signed_in, sign_in, sign_in_half
from accounts.sign_in_attempts import in_words, note_refused, verify_code
from api.exceptions import ApplicationError, InvalidStateError, TooManyError
from api.viewing.headers import allow_content

HalfView = Callable[[HttpRequest, User], HttpResponseBase]
View = Callable[[HttpRequest], HttpResponseBase]


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code of your authenticator app, or a recovery code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )


def urls() -> list[URLPattern]:
    return [
        path("login/code/", code, name="sign_in_code"),
        path("login/second-factor/", enrol, name="enrol"),
        path("login/recovery-codes/", keep_codes, name="enrol_codes"),
        path("login/recovery-codes.txt", codes_file, name="enrol_codes_file"),
    ]


def _guarded(view: View) -> View:
    return never_cache(csrf_protect(sensitive_post_parameters()(view)))


def _half_signed_in(view: HalfView) -> View:
    """For whoever has shown the password; others are sent to do so."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        user = half_signed_in(request, now=timezone.now())
        return _to("login") if user is None else view(request, user)

    return _guarded(guarded)


@_guarded
def password(request: HttpRequest) -> HttpResponseBase:
    """The first step. Who is not known, not of the team, or let go is told the same as for a wrong password."""
    now, wanted = timezone.now(), safe_next(request.POST.get("next") or request.GET.get("next"))
    if request.method == "GET" and admin.site.has_permission(request):
        return HttpResponseRedirect(wanted)
    form = AuthenticationForm(request, data=request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        lockout.give_back(request, user.get_username())
        return go_on(request, user, next_page=wanted, now=now)
    locked_out = _note_wrong_password(request, form, now) if request.method == "POST" else None
    status = HTTPStatus.TOO_MANY_REQUESTS if locked_out else HTTPStatus.OK
    return outside(request, "login", "Sign in", status=status, form=form, next=wanted, locked_out=locked_out)


def go_on(request: HttpRequest, user: User, *, next_page: str, now: datetime) -> HttpResponseBase:
    """From the password, or a mailed link, to the second factor."""
    sign_in_half(request, user, next_page=next_page, now=now)
    return _to("sign_in_code" if has_second_factor(user) else "enrol")


@_half_signed_in
def code(request: HttpRequest, user: User) -> HttpResponseBase:
    """The second step."""
    if not has_second_factor(user):
        return _to("enrol")
    form, status = CodeForm(request.POST if request.method == "POST" else None), HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        try:
            return _sign_in_by(request, user, form.cleaned_data["code"])
        except ApplicationError as refusal:
            form.add_error("code", in_words(refusal))
            status = HTTPStatus(refusal.status) if isinstance(refusal, TooManyError) else HTTPStatus.OK
    return outside(request, "code", "Second step", status=status, form=form)


@_half_signed_in
def enrol(request: HttpRequest, user: User) -> HttpResponseBase:
    """Somebody without a second factor gets one, in the session until the recovery codes are kept."""
    if has_second_factor(user):
        return _to("sign_in_code")
    if enrolment.scan(request, now=timezone.now()):
        return _to("enrol_codes")
    return outside(request, "enrol", "Your second factor", **enrolment.shown(request, user))


@_half_signed_in
def keep_codes(request: HttpRequest, user: User) -> HttpResponseBase:
    if has_second_factor(user) or enrolment.codes(request) is None:
        return _to("enrol")
    form = enrolment.KeptForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            device = enrolment.finish(request, user, now=now)
        except InvalidStateError:  # set up in another window meanwhile
            return _to("sign_in_code")
        return _in(request, user, sign_in(request, user, device, now=now))
    file = reverse("admin:enrol_codes_file")
    return outside(request, "codes", "Your recovery codes", form=form, codes=enrolment.codes(request), file=file)


@_half_signed_in
def codes_file(request: HttpRequest, user: User) -> HttpResponseBase:
    return enrolment.as_file(request, user) or _to("enrol")


def _sign_in_by(request: HttpRequest, user: User, typed: str) -> HttpResponseBase:
    now = timezone.now()
    device = verify_code(request, user, typed, now=now)
    next_page = sign_in(request, user, device, now=now)
    if device.name == CODES_NAME:
        left = f"You have {codes_left(user)} recovery codes left."
        messages.warning(request, f"{left} If your phone is lost, set up another under “My second factor”.")
    return _in(request, user, next_page)


def _note_wrong_password(request: HttpRequest, form: AuthenticationForm, now: datetime) -> str | None:
    """Words if there were too many."""
    typed = form.cleaned_data.get("username", "")
    if not typed or not form.cleaned_data.get("password"):
        return None
    return note_refused(request, User.objects.filter(username=typed).first(), "password", typed=typed, now=now)


def _in(request: HttpRequest, user: User, next_page: str) -> HttpResponseBase:
    response = HttpResponseRedirect(next_page)
    remember_browser(request, response, user)
    return response


def _to(name: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:{name}"))


def outside(
    request: HttpRequest, name: str, title: str, *, status: int = HTTPStatus.OK, **context: Any
) -> HttpResponse:
    """A page in the site's frame, for whoever is not in yet: nothing of the admin, and no script that it needs."""
    response = TemplateResponse(request, f"admin/accounts_{name}.html", {"title": title, **context}, status=status)
    allow_content(response, has_form=True)
    return response

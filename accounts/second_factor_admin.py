"""One's own second factor, for whoever is signed in: another phone, new recovery codes."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as keep_device

from accounts import enrolment
from accounts.models import User
from accounts.reauthentication import fresh_sign_in
from accounts.second_factor import codes_left, enrolled_at
from accounts.sign_in_views import outside
from giftflick.admin_pages import page, show


@page("second-factor/", name="second_factor", permission=None)
def second_factor(request: HttpRequest) -> HttpResponseBase:
    user = _own(request)
    return show(
        request,
        "admin/accounts_second_factor.html",
        "My second factor",
        codes_left=codes_left(user),
        enrolled_at=enrolled_at(user),
    )


@page("second-factor/replace/", name="second_factor_replace", permission=None)
@fresh_sign_in
@sensitive_post_parameters()
def replace(request: HttpRequest) -> HttpResponseBase:
    """Another phone: its key, its first code; the recovery codes follow."""
    if "begin" in request.POST:
        request.session.pop(enrolment.SESSION, None)
        return HttpResponseRedirect(request.path)
    if enrolment.scan(request, now=timezone.now()):
        return HttpResponseRedirect(reverse("admin:second_factor_codes"))
    return outside(request, "enrol", "Set up another phone", **enrolment.shown(request, _own(request)))


@page("second-factor/codes/", name="second_factor_codes", permission=None)
@fresh_sign_in
@sensitive_post_parameters()
def codes(request: HttpRequest) -> HttpResponseBase:
    """New recovery codes, with the new phone or by themselves. They count once they are kept."""
    if "begin" in request.POST:
        enrolment.show_new_codes(request)
        return HttpResponseRedirect(request.path)
    if enrolment.codes(request) is None:
        return HttpResponseRedirect(reverse("admin:second_factor"))
    form = enrolment.KeptForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        _finish(request)
        messages.success(request, "This is your second factor from now on. Your other sessions have ended.")
        return HttpResponseRedirect(reverse("admin:second_factor"))
    return outside(
        request,
        "codes",
        "Your new recovery codes",
        form=form,
        codes=enrolment.codes(request),
        file=reverse("admin:second_factor_file"),
        done="Finish",
    )


@page("second-factor/codes.txt", name="second_factor_file", permission=None)
@fresh_sign_in
def codes_file(request: HttpRequest) -> HttpResponseBase:
    return enrolment.as_file(request, _own(request)) or HttpResponseRedirect(reverse("admin:second_factor"))


def _finish(request: HttpRequest) -> None:
    """All sessions end; the one that did it goes on, under another id."""
    user = _own(request)
    device = enrolment.finish(request, user, is_replacement=True, now=timezone.now())
    update_session_auth_hash(request, user)
    if device is not None:
        keep_device(request, device)


def _own(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the admin lets nobody else in
    return user

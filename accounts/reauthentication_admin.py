"""The page on which somebody who is signed in shows once more who they are."""

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.utils import timezone

from accounts.models import User
from accounts.reauthentication import mark_fresh, safe_next
from accounts.sign_in_attempts import in_words, note_refused, verify_code
from api.exceptions import ApplicationError
from giftflick.admin_pages import page, show


class ConfirmForm(forms.Form):
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True})
    )
    code = forms.CharField(
        label="Code of your authenticator app, or a recovery code",
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text"}),
    )


@page("reauthenticate/", name="reauthenticate", permission=None)
def reauthenticate(request: HttpRequest) -> HttpResponseBase:
    wanted = safe_next(request.POST.get("next") or request.GET.get("next"))
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _confirm(request, form):
        return HttpResponseRedirect(wanted)
    return show(request, "admin/accounts_reauthenticate.html", "Is it you?", form=form, next=wanted)


def _confirm(request: HttpRequest, form: ConfirmForm) -> bool:
    """As when signing in: a wrong password or code counts, and too many lock out."""
    now, user = timezone.now(), request.user
    assert isinstance(user, User)  # noqa: S101 - the admin lets nobody else in
    shown = authenticate(request, username=user.get_username(), password=form.cleaned_data["password"])
    if shown is None:
        told = note_refused(request, user, "password, asked again", now=now)
        form.add_error("password", told or "This is not your password.")
        return False
    try:
        verify_code(request, user, form.cleaned_data["code"], now=now)
    except ApplicationError as refusal:
        form.add_error("code", in_words(refusal))
        return False
    mark_fresh(request, now=now)
    return True

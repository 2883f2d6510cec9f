"""The pages behind a key's buttons: give it a successor, end it."""

from collections.abc import Sequence
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey
from accounts.reauthentication import fresh_sign_in
from accounts.selectors import state_of, working_keys
from accounts.services import ShownBeforeError
from accounts.shown_once import form_token, new_number, show_key, tell_shown_before
from accounts.states import WORKING
from api import actors
from api.audit.doors import acting
from api.audit.states import Door
from api.exceptions import ApplicationError, refusal_words
from giftflick.admin_confirm import Answers, Question, ReasonForm, ask
from giftflick.admin_pages import page, show

OVERLAP_HOURS = {0: "None: it ends at once", 1: "An hour", 24: "A day", 7 * 24: "A week", 30 * 24: "30 days"}
AT_ONCE = 100


class RotationForm(ReasonForm):
    overlap = forms.TypedChoiceField(
        label="How long both keys work",
        choices=list(OVERLAP_HOURS.items()),
        coerce=int,
        initial=24,
        help_text="Long enough for the shop to exchange the old one. None if somebody else has it.",
    )


@page("keys/<slug:pk>/rotate/", name="key_rotate", permission="accounts.add_apikey")
@fresh_sign_in
def rotate(request: HttpRequest, pk: str) -> HttpResponse:
    old = get_object_or_404(ApiKey.objects.select_related("account"), pk=pk)
    form = RotationForm(request.POST or None, label_suffix="")
    status, refusal = (400, "") if request.method == "POST" else (200, "")
    if request.method == "POST" and form.is_valid():
        who = request.user.get_username()
        try:
            with acting(door=Door.ADMIN, actor=actors.staff(who), why=form.cleaned_data["reason"]):
                record, text = services.rotate_api_key(
                    old,
                    overlap=timedelta(hours=form.cleaned_data["overlap"]),
                    created_by=who,
                    now=timezone.now(),
                    form_token=form_token(request),
                )
        except ShownBeforeError as error:
            return tell_shown_before(request, error)
        except ApplicationError as error:
            status, refusal = error.status, refusal_words(error)
        else:
            return show_key(request, record, text)
    question = Question(
        title=f"Rotate {old.name}?",
        about=f"{old.pk}, of {old.account}",
        says=[
            *_rotated_before(old),
            "Another key that may do the same, and lives as long, is issued and shown once.",
            "This one works until the time that you choose here, and is refused from then on.",
        ],
        button="Issue the new key",
        back=_page_of(old),
        version=new_number(),
    )
    return show(
        request, "admin/confirm.html", question.title, status=status, question=question, form=form, refusal=refusal
    )


@page("keys/revoke/", name="key_revoke", permission="accounts.delete_apikey")
@fresh_sign_in
def revoke(request: HttpRequest) -> HttpResponse:
    """Of the keys that `?key=` names, any number of times: their ids are no secret."""
    wanted = [key for key in request.GET.getlist("key")[:AT_ONCE] if key.isalnum()]
    keys = list(ApiKey.objects.select_related("account").filter(pk__in=wanted).order_by("account__name", "pk"))
    if not keys:
        raise Http404("There is no such key.")
    if request.method != "POST" and all(key.revoked_at for key in keys):
        messages.info(request, "Revoked already: nothing is left to do.")
        return HttpResponseRedirect(_back_to(keys))

    def act(_answers: Answers, _version: int) -> str:
        now, who = timezone.now(), request.user.get_username()
        for key in keys:
            services.revoke_api_key(key, revoked_by=who, now=now)
        told = "Revoked" if len(keys) == 1 else f"{len(keys)} keys revoked"
        return f"{told}. Dead everywhere within 60 seconds."

    names = ", ".join(f"{key.name} ({key.pk}) of {key.account}" for key in keys)
    question = Question(
        title=f"Revoke {keys[0].name}?" if len(keys) == 1 else f"Revoke {len(keys)} keys?",
        about=names,
        says=[
            "Whoever calls with it is refused: at once where we look it up, and everywhere within 60 seconds.",
            "What was made with it stays: gifts, films and mails go on.",
            "If the shop still needs one, issue another or rotate this one first.",
        ],
        final="A revoked key never works again.",
        button="Revoke",
        back=_back_to(keys),
        is_dangerous=True,
    )
    return ask(request, question, act)


def _rotated_before(key: ApiKey) -> list[str]:
    """Whoever comes back to the page after its key was issued would issue another."""
    return [
        f"It was rotated already: {later.name} ({later.pk}) takes its place. Is another one needed?"
        for later in working_keys(now=timezone.now()).filter(replaces=key).order_by("created_at")
    ]


def buttons_of(request: HttpRequest, key: ApiKey) -> list[tuple[str, str, str]]:
    """Label, address, looks; none for a key that is over."""
    if state_of(key, now=timezone.now()) not in WORKING:
        return []
    buttons = []
    if request.user.has_perm("accounts.add_apikey"):
        buttons.append(("Rotate", reverse("admin:key_rotate", args=[key.pk]), "primary"))
    if request.user.has_perm("accounts.delete_apikey"):
        buttons.append(("Revoke", f"{reverse('admin:key_revoke')}?key={key.pk}", "danger"))
    return buttons


def _back_to(keys: Sequence[ApiKey]) -> str:
    return _page_of(keys[0]) if len(keys) == 1 else reverse("admin:accounts_apikey_changelist")


def _page_of(key: ApiKey) -> str:
    return reverse("admin:accounts_apikey_change", args=[key.pk])

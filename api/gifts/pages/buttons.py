"""The pages behind a gift's buttons: `/admin/gifts/{id}/{action}/`."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from accounts.reauthentication import fresh_sign_in
from api.exceptions import NotFoundError
from api.gifts import lifecycle
from api.gifts.models import Gift
from api.gifts.pages.actions import ACTIONS, Action, Doing
from api.gifts.pages.next_step import whats_next
from api.gifts.situation import Situation, look_at
from giftflick.admin_confirm import Answers, Question, ask
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show

MEANWHILE = "Somebody changed the gift meanwhile. Look at what stands here now, and press again if it is still right."


def offered(situation: Situation, request: HttpRequest) -> list[Action]:
    """The buttons: what the state allows, and this person may do."""
    return [one for one in ACTIONS if one.is_possible(situation) and request.user.has_perm(one.permission)]


def _answer(request: HttpRequest, pk: UUID, *, action: Action) -> HttpResponse:
    gift = Gift.objects.select_related("account").filter(pk=pk).first()
    if gift is None:
        raise Http404("There is no gift with this id.")
    situation = look_at(gift, now=timezone.now())
    if request.method != "POST" and not action.is_possible(situation):
        return _not_now(request, action, situation)
    try:
        return ask(request, _question(action, situation), partial(_press, request, action, pk))
    except _TooLateError as late:
        return _not_now(request, action, late.situation)


class _TooLateError(Exception):
    """Somebody was faster, and there is nothing left to press."""

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation)
        self.situation = situation


def _press(request: HttpRequest, action: Action, pk: UUID, answers: Answers, version: int) -> str:
    """What the state forbids is refused by the service itself, whoever forged the button."""
    try:
        with lifecycle.unchanged(pk, version=version) as gift:
            doing = Doing(gift, answers, actor=actor_of(request), now=timezone.now())
            done = action.run(doing)
    except NotFoundError as error:
        raise Http404(error.detail) from error
    except lifecycle.StateConflict as conflict:
        gift = get_object_or_404(Gift.objects.select_related("account"), pk=pk)
        situation = look_at(gift, now=timezone.now())
        if not action.is_possible(situation):
            raise _TooLateError(situation) from None
        raise lifecycle.StateConflict(MEANWHILE) from conflict
    return f"{done} {action.then(doing)}".strip()


def _question(action: Action, situation: Situation) -> Question:
    gift = situation.gift
    sender, recipient = gift.sender_name or "nobody known", gift.recipient_name or "nobody known"
    return Question(
        title=action.label_for(situation),
        about=f"The gift from {sender} to {recipient}, from {gift.account}",
        says=action.says(situation),
        button=action.label_for(situation),
        back=reverse("admin:api_gift_change", args=[gift.pk]),
        final=action.final(situation),
        is_reason_required=action.is_reason_required,
        form=action.form,
        initial=action.initial(situation),
        options=action.options(situation),
        version=gift.version,
        is_dangerous=action.looks == "danger",
        row=gift,
    )


def _not_now(request: HttpRequest, action: Action, situation: Situation) -> HttpResponse:
    return show(
        request,
        "admin/gifts_not_now.html",
        action.label,
        status=409,
        gift=situation.gift,
        opts=Gift._meta,  # noqa: SLF001 - documented
        original=situation.gift,
        label=action.label,
        said=whats_next(situation),
    )


def _register(action: Action) -> None:
    def view(request: HttpRequest, **where: Any) -> HttpResponseBase:
        return _answer(request, action=action, **where)

    guarded = fresh_sign_in(view) if action.is_guarded else view
    page(f"gifts/<uuid:pk>/{action.name}/", name=f"gift_{action.name}", permission=action.permission)(guarded)


for _action in ACTIONS:
    _register(_action)

"""A template's buttons in the admin: look at a film of it, publish it, retire it, copy it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from api.exceptions import ApplicationError, BackendError, refusal_words
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.media.links import link_to
from api.previews.selectors import filmed_at, is_of_this_version, newest_preview
from api.previews.services import order_preview
from api.rendering.states import RenderStatus
from api.templates.models import Template
from api.templates.services import copy_template, publish_template, retire_template
from giftflick.admin_confirm import Answers, Question, ReasonForm, ask
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show

MAY_CHANGE = "api.change_template"
MAY_PUBLISH_UNSEEN = "api.publish_unseen_template"
SHOWN_FOR = timedelta(hours=1)
STEPS = ("Ordered", "With the renderer", "Film checked")


@dataclass(frozen=True)
class Preview:
    """How far a sample film is. `step` counts those of `STEPS` that are behind it."""

    gift: Gift
    is_current: bool
    is_being_made: bool
    step: int
    trouble: str
    film_url: str
    poster_url: str

    @property
    def percent(self) -> int:
        return round(self.step / len(STEPS) * 100)


class PublishForm(ReasonForm):
    unseen = forms.BooleanField(
        label="Publish it without a preview",
        required=False,
        help_text="For a founder in a hurry. If its film is broken, the first customers see it before you do.",
    )


@page("templates/<uuid:pk>/preview/", name="template_preview", permission=MAY_CHANGE)
def preview_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    template = get_object_or_404(Template, pk=pk)
    now = timezone.now()
    if request.method == "POST":
        try:
            order_preview(template.pk, actor=actor_of(request), now=now)
        except ApplicationError as refusal:
            messages.error(request, refusal_words(refusal))
        except BackendError as away:
            messages.error(request, f"{away.detail} Try again in a minute.")
        return HttpResponseRedirect(request.path)
    gift = newest_preview(template)
    preview = None if gift is None else _look(gift, template, now=now)
    return show(
        request,
        "admin/template_preview.html",
        f"Preview of {template.name}",
        previewed=template,
        preview=preview,
        steps=STEPS,
    )


@page("templates/<uuid:pk>/publish/", name="template_publish", permission=MAY_CHANGE)
def publish(request: HttpRequest, pk: UUID) -> HttpResponse:
    template = get_object_or_404(Template, pk=pk)
    seen_at = filmed_at(template)
    is_seen = seen_at is not None and seen_at >= template.updated_at
    may_skip = not is_seen and request.user.has_perm(MAY_PUBLISH_UNSEEN)

    def act(answers: Answers, _version: int) -> str:
        publish_template(
            template.pk,
            seen_at=filmed_at(template),
            is_unseen_fine=may_skip and bool(answers.get("unseen")),
            actor=actor_of(request),
            now=timezone.now(),
        )
        return f"{template.name} is published: shops find it in their list."

    unseen = "Nobody has seen a film of this version yet: make a preview of it first, and watch it to the end."
    says = [
        "Shops find it in their list within seconds, and can make gifts from it.",
        "Retire takes it back at any time; gifts that were made stay.",
    ]
    question = Question(
        title=f"Publish {template.name}?",
        about=template.slug,
        says=says if is_seen else [unseen, *says],
        button="Publish",
        back=_page_of(template),
        form=PublishForm if may_skip else ReasonForm,
    )
    return ask(request, question, act)


@page("templates/<uuid:pk>/retire/", name="template_retire", permission=MAY_CHANGE)
def retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    template = get_object_or_404(Template, pk=pk)

    def act(_answers: Answers, _version: int) -> str:
        retire_template(template.pk, actor=actor_of(request), now=timezone.now())
        return f"{template.name} is retired: no new gifts are made from it."

    says = [
        "Shops do not find it any more, and a new gift that names it is refused.",
        "Gifts that were made from it go on: they are rendered, sent and watched as before.",
        "Publish brings it back.",
    ]
    question = Question(
        title=f"Retire {template.name}?", about=template.slug, says=says, button="Retire", back=_page_of(template)
    )
    return ask(request, question, act)


@page("templates/<uuid:pk>/copy/", name="template_copy", permission="api.add_template")
@require_POST
def copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    try:
        made = copy_template(pk, actor=actor_of(request), now=timezone.now())
    except ApplicationError as refusal:
        messages.error(request, refusal_words(refusal))
        return HttpResponseRedirect(reverse("admin:api_template_changelist"))
    messages.success(request, "This is the copy, a draft: give it a name and a slug of its own.")
    return HttpResponseRedirect(_page_of(made))


def _look(gift: Gift, template: Template, *, now: datetime) -> Preview:
    film_url, poster_url, trouble = "", "", ""
    if gift.failure:
        trouble = str(gift.failure.get("detail", ""))
    if gift.film is not None:
        try:
            film_url = link_to(gift.film.key, now=now, lives=SHOWN_FOR)
            poster_url = link_to(gift.film.poster_key, now=now, lives=SHOWN_FOR) if gift.film.poster_key else ""
        except BackendError as error:
            trouble = error.detail
    return Preview(
        gift=gift,
        is_current=is_of_this_version(gift, template),
        is_being_made=gift.status == GiftStatus.RENDERING,
        step=_step(gift),
        trouble=trouble,
        film_url=film_url,
        poster_url=poster_url,
    )


def _step(gift: Gift) -> int:
    if gift.film is not None:
        return len(STEPS)
    return 2 if gift.render is not None and gift.render.status == RenderStatus.SUBMITTED else 1


def _page_of(template: Template) -> str:
    return reverse("admin:api_template_change", args=[template.pk])

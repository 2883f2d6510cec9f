"""Renders for founders: what the rendering service made of a gift, and what it said."""

from functools import partial

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from api.rendering.failures import failure_words, remedy
from api.rendering.finding import find_callbacks, find_renders
from api.rendering.models import Render, RenderCallback
from api.rendering.states import RenderStatus
from giftflick.admin import About, ReadOnlyAdmin, ReadOnlyInline, StateFilter, facts, link, moment, named, state, words
from giftflick.admin_films import film_of
from giftflick.admin_parts import size, span, when
from giftflick.admin_search import SearchByIndex


class CallbackInline(ReadOnlyInline):
    model = RenderCallback
    verbose_name_plural = "what the renderer told us"
    fields = readonly_fields = (moment("received_at"), facts("payload"))


@admin.register(Render)
class RenderAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(partial(find_renders, is_list=True))
    list_display = [
        moment("created_at"),
        state("status"),
        link("gift"),
        named("attempt", "try"),
        named("provider_id", "renderer's id"),
        named("duration_s", "plays", "{:.1f}\N{NO-BREAK SPACE}s".format),
        moment("finished_at"),
    ]
    list_filter = [("status", StateFilter), "gift__livemode"]
    search_help_text = "A render's id, its gift's, or the beginning of the rendering service's."
    ordering = ["-id"]
    fields = [
        words("status"),
        ("gift", named("attempt", "try")),
        (named("provider_id", "renderer's id"), named("key", "file")),
        facts("failure"),
        (
            named("duration_s", "plays", "{:.1f}\N{NO-BREAK SPACE}s".format),
            named("width", "width"),
            named("height", "height"),
        ),
        named("size_bytes", "size", size),
        (named("created_at", "ordered", when), named("submit_started_at", "handed over", when)),
        (named("submitted_at", "taken by the renderer", when), named("finished_at", "ended", when)),
        "id",
    ]
    inlines = [CallbackInline]

    def about(self, request: HttpRequest, row: Render) -> About:  # noqa: ARG002
        code = str((row.failure or {}).get("code", ""))
        is_film = row.status == RenderStatus.SUCCEEDED and row.gift.status not in {"expired", "canceled"}
        return About(
            lead=_lead(row),
            trouble=" ".join([failure_words(code), str((row.failure or {}).get("detail", "")), remedy(code)])
            if row.failure
            else "",
            buttons=[("The gift", reverse("admin:api_gift_change", args=[row.gift_id]), "")],
            picture=film_of(row, now=timezone.now()) if is_film else None,
        )


def _lead(render: Render) -> str:
    said = render.get_status_display()
    if render.finished_at is None:
        return f"{said[:1].upper()}{said[1:]}."
    return (
        f"{said[:1].upper()}{said[1:]}; took {span(render.finished_at - (render.submitted_at or render.created_at))}."
    )


@admin.register(RenderCallback)
class RenderCallbackAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_callbacks)
    list_display = [moment("received_at"), link("render")]
    search_help_text = "A render's id."
    fields = ["render", moment("received_at"), facts("payload")]
    ordering = ["-id"]

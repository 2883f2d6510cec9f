"""Renders for founders: what the rendering service made of a gift, and what it said."""

from functools import partial

from django.contrib import admin

from api.rendering.finding import find_callbacks, find_renders
from api.rendering.models import Render, RenderCallback
from giftflick.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, facts, link, moment, state
from giftflick.admin_search import SearchByIndex


class CallbackInline(ReadOnlyInline):
    model = RenderCallback
    fields = readonly_fields = (moment("received_at"), facts("payload"))


@admin.register(Render)
class RenderAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(partial(find_renders, is_list=True))
    list_display = [
        moment("created_at"),
        state("status"),
        link("gift"),
        "attempt",
        "provider_id",
        "duration_s",
        moment("finished_at"),
    ]
    list_filter = [("status", StateFilter), "gift__livemode"]
    search_help_text = "A render's id, its gift's, or the beginning of the rendering service's."
    ordering = ["-id"]
    fields = [
        "id",
        "gift",
        ("status", "attempt"),
        ("provider_id", "key"),
        facts("failure"),
        ("duration_s", "width", "height", "size_bytes"),
        (moment("created_at"), moment("submit_started_at")),
        (moment("submitted_at"), moment("finished_at")),
    ]
    inlines = [CallbackInline]


@admin.register(RenderCallback)
class RenderCallbackAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_callbacks)
    list_display = [moment("received_at"), link("render")]
    search_help_text = "A render's id."
    fields = ["render", moment("received_at"), facts("payload")]
    ordering = ["-id"]

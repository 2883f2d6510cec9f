"""Uploads for founders."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from api.media.finding import find_uploads
from api.media.models import Upload
from giftflick.admin import About, ReadOnlyAdmin, StateFilter, facts, mode, moment, named, state, words
from giftflick.admin_films import picture_of
from giftflick.admin_filters import RowFilter, one_of
from giftflick.admin_parts import size, when
from giftflick.admin_search import SearchByIndex

GIFTS_SHOWN = 5


@admin.register(Upload)
class UploadAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_uploads)
    list_display = [
        moment("created_at"),
        state("status", ready="good"),
        named("content_type", "type"),
        named("size", "size", size),
        named("account", "shop"),
        mode(),
    ]
    list_filter = [
        ("status", StateFilter),
        ("account", RowFilter),
        one_of("content_type"),
        "livemode",
    ]
    list_select_related = ["account"]
    search_help_text = "An upload's id."
    ordering = ["-id"]
    fields = [
        words("status", ready="good"),
        ("account", mode()),
        facts("failure"),
        (named("filename", "name"), named("content_type", "type"), named("size", "size", size)),
        named("duration_s", "plays", "{:.1f}\N{NO-BREAK SPACE}s".format),
        named("key", "file"),
        (named("created_at", "begun", when), named("completed_at", "complete", when)),
        (named("expires_at", "kept until", when), named("removed_at", "removed", when)),
        "id",
    ]

    def about(self, request: HttpRequest, row: Upload) -> About:  # noqa: ARG002
        gifts = row.gifts.values_list("pk", flat=True)[:GIFTS_SHOWN]
        return About(
            lead=f"{row.filename}, {size(row.size)}: {row.get_status_display()}.",
            trouble=str((row.failure or {}).get("detail", "")),
            buttons=[("The gift that uses it", reverse("admin:api_gift_change", args=[pk]), "") for pk in gifts],
            picture=picture_of(row),
        )

"""Uploads for founders."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from api.media.models import Upload
from giftflick.admin import About, ReadOnlyAdmin, StateFilter, facts, moment, state, words
from giftflick.admin_films import picture_of
from giftflick.admin_parts import size

GIFTS_SHOWN = 5


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = [moment("created_at"), state("status", ready="good"), "content_type", "size", "account", "livemode"]
    list_filter = [("status", StateFilter), "content_type", "livemode", "account"]
    list_select_related = ["account"]
    search_fields = ["=id"]
    search_help_text = "An upload's id."
    ordering = ["-id"]
    fields = [
        words("status"),
        ("account", "livemode"),
        facts("failure"),
        ("filename", "content_type", "size"),
        "key",
        (moment("created_at"), moment("completed_at")),
        (moment("expires_at"), moment("removed_at")),
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

"""The audit log for whoever looks into what happened; nobody writes here."""

from django.contrib import admin

from api.audit.models import AuditEntry
from giftflick.admin import ReadOnlyAdmin, StateFilter, facts, moment, state


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = [moment("at"), "actor", state("door"), "action", "object_type", "object_id", "why"]
    list_filter = [("door", StateFilter)]
    search_fields = ["=object_id", "=actor"]
    search_help_text = "The id of what was changed, or who did it."
    ordering = ["-id"]
    fields = [
        moment("at"),
        ("actor", "door"),
        "action",
        ("object_type", "object_id", "account"),
        facts("changes"),
        "why",
        "request_id",
    ]

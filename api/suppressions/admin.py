"""The addresses that are not mailed, for whoever answers a person who asks for it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api.suppressions import bulk, services
from api.suppressions.addresses import LONGEST, searched_hash
from api.suppressions.models import Suppression
from api.suppressions.states import SuppressionReason
from giftflick.admin import ModelAdmin, StateFilter, moment, state
from giftflick.admin_bulk import bulk_action
from giftflick.admin_door import actor_of


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]
    address = forms.EmailField(
        label="E-mail address",
        max_length=LONGEST,
        help_text="Kept as its hash: afterwards only its beginning and its domain are shown.",
    )
    reason = forms.ChoiceField(choices=SuppressionReason.choices, help_text="Why it is not mailed.")

    class Meta:
        model = Suppression
        fields = ["reason"]


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin):
    """Search hashes what is typed: it finds a whole address, exactly, by index, and shows it to nobody."""

    records_itself = True
    list_display = ["masked", state("reason"), "source", moment("created_at")]
    list_filter = [("reason", StateFilter)]
    search_fields = ["=address_sha256"]
    search_help_text = "A whole address, whichever way its letters are written."
    ordering = ["-id"]
    show_full_result_count = False
    actions = [
        bulk_action(
            bulk.LIFT,
            label="Lift",
            consequence="Each of these addresses may be mailed again. SendGrid keeps a list of its own: an address "
            "that complained or unsubscribed there must be taken off that as well.",
            permission="lift",
            label_by="masked",
            is_dangerous=True,
        )
    ]
    form = SuppressionForm

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> Any:  # noqa: ARG002
        return ["address", "reason"] if obj is None else ["masked", "reason", "source", "created_at", "address_sha256"]

    def get_readonly_fields(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        return [] if obj is None else self.get_fields(request, obj)

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Suppression],
        search_term: str,
    ) -> tuple[QuerySet[Suppression], bool]:
        if search_term.strip():
            queryset = queryset.filter(address_sha256=searched_hash(search_term))
        return queryset, False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        saved = services.suppress_address(
            form.cleaned_data["address"],
            reason=SuppressionReason(form.cleaned_data["reason"]),
            actor=actor_of(request),
            now=timezone.now(),
        )
        obj.__dict__.update(saved.__dict__)

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:  # noqa: ARG002
        """There is nothing to edit: lift it, or add it anew."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:  # noqa: ARG002
        """By the action, which writes the audit log."""
        return False

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.delete_suppression")

"""Shops, for founders; their keys and the team have modules of their own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import bulk, key_admin, reauthentication_admin, second_factor_admin, services, team_admin
from accounts.finding import find_accounts
from accounts.hosts import domain_problem, origin_problem
from accounts.models import Account
from accounts.shop_pages import tiles_of
from giftflick.admin import ModelAdmin, StateFilter, moment, named, state
from giftflick.admin_bulk import bulk_action
from giftflick.admin_parts import when
from giftflick.admin_search import SearchByIndex

__all__ = ["key_admin", "reauthentication_admin", "second_factor_admin", "team_admin"]  # registered by being imported


class LinesField(SimpleArrayField):
    """One a line; commas do as well, as a list that is pasted has them."""

    default_error_messages = {"item_invalid": "Line %(nth)s:"}
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"})

    def __init__(self, base_field: Any, **options: Any) -> None:
        super().__init__(base_field, delimiter="\n", **options)

    def to_python(self, value: Any) -> Any:
        lines = value.replace(",", "\n").splitlines() if isinstance(value, str) else value
        return super().to_python([line for line in lines or [] if line.strip()])


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Account
        fields = ["name", "email", "order_gate", "requests_per_minute", "mails_per_day", "domains", "origins"]
        field_classes = {"domains": LinesField, "origins": LinesField}
        widgets = dict.fromkeys(("domains", "origins"), LinesField.widget)
        error_messages = {"name": {"unique": services.NAME_TAKEN}}

    def clean_domains(self) -> list[str]:
        """Host names as a product's address has them: an `https://` or a path would match no product at all."""
        domains = [domain.strip().lower() for domain in self.cleaned_data["domains"]]
        for domain in domains:
            if problem := domain_problem(domain):
                raise forms.ValidationError(problem)
        return domains

    def clean_origins(self) -> list[str]:
        """As a browser's Origin header has them: anything else would match no page at all."""
        origins = [origin.strip().lower().rstrip("/") for origin in self.cleaned_data["origins"]]
        for origin in origins:
            if problem := origin_problem(origin):
                raise forms.ValidationError(problem)
        return list(dict.fromkeys(origins))


ACTIONS = [
    bulk_action(
        bulk.SUSPEND,
        label="Suspend",
        consequence="Every key of each is refused within a minute: its page and server can make no gifts. What it has "
        "made goes on. Resume undoes it.",
        permission="change",
        label_by="name",
        is_dangerous=True,
    ),
    bulk_action(
        bulk.RESUME,
        label="Resume",
        consequence="Every key of each that is not revoked works again within a minute.",
        permission="change",
        label_by="name",
    ),
]


@admin.register(Account)
class AccountAdmin(SearchByIndex, ModelAdmin):
    find = staticmethod(find_accounts)
    form = AccountForm
    records_itself = True
    asks_why = True
    list_display = [
        "name",
        "email",
        state("order_gate"),
        named("requests_per_minute", "calls a minute"),
        named("mails_per_day", "mails a day"),
        moment("created_at"),
        named("suspended_at", "suspended", when),
    ]
    list_filter = [("order_gate", StateFilter), ("suspended_at", admin.EmptyFieldListFilter)]
    search_help_text = "An id, a part of the name, or the beginning of the e-mail address."
    change_form_outer_before_template = "admin/shop_about.html"
    is_short_list = True
    ordering = ["name"]
    actions = ACTIONS

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        account = context.get("original")
        tiles = [] if account is None else tiles_of(account, request, now=timezone.now())
        return super().render_change_form(request, {**context, "tiles": tiles}, *args, **options)

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        if change:
            services.change_account(obj.pk, form.cleaned_data, now=timezone.now())
        else:
            obj.pk = services.open_account(form.cleaned_data, now=timezone.now()).pk

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:  # noqa: ARG002
        """A shop's gifts and keys are its history: suspend it instead."""
        return False

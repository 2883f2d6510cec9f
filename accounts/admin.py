"""Shops, their keys and the team, for founders."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import bulk, key_admin, reauthentication_admin, second_factor_admin, services
from accounts.hosts import domain_problem, origin_problem
from accounts.models import Account, User
from giftflick.admin import ModelAdmin, StateFilter, moment, state
from giftflick.admin_bulk import bulk_action

__all__ = ["key_admin", "reauthentication_admin", "second_factor_admin"]  # registered by being imported


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    is_short_list = True


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Account
        fields = ["name", "email", "order_gate", "requests_per_minute", "mails_per_day", "domains", "origins"]
        widgets = {name: forms.TextInput(attrs={"class": "vLargeTextField"}) for name in ("domains", "origins")}
        help_texts = {
            "domains": "Where the shop's products live, separated by commas. "
            "If any are listed, product links and pictures must be on them.",
            "origins": "The shop's own pages that may call the API from a browser, such as https://shop.example.com, "
            "separated by commas.",
        }

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
class AccountAdmin(ModelAdmin):
    form = AccountForm
    list_display = [
        "name",
        "email",
        state("order_gate"),
        "requests_per_minute",
        "mails_per_day",
        moment("created_at"),
        moment("suspended_at"),
    ]
    list_filter = [("order_gate", StateFilter), ("suspended_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "email", "=id"]
    readonly_fields = ["suspended_at"]
    is_short_list = True
    ordering = ["name"]
    actions = ACTIONS

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:  # noqa: FBT001
        carried_before = Account.objects.filter(pk=obj.pk).values(*services.CARRIED_BY_KEYS).first()
        super().save_model(request, obj, form, change)
        if carried_before not in (None, {name: getattr(obj, name) for name in services.CARRIED_BY_KEYS}):
            services.project_later(obj, now=timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:  # noqa: ARG002
        """A shop's gifts and keys are its history: suspend it instead."""
        return False

"""Shops, their keys and the team, for founders."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts import services
from accounts.models import Account, ApiKey, Scope, User
from giftflick.admin import ModelAdmin, StateFilter, moment, run_for_each, state

admin.site.site_header = admin.site.site_title = "Giftflick"
admin.site.register(User, UserAdmin)

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Account
        fields = ["name", "email", "order_gate", "requests_per_minute", "mails_per_day", "domains"]
        widgets = {"domains": forms.TextInput(attrs={"class": "vLargeTextField"})}
        help_texts = {
            "domains": "Where the shop's products live, separated by commas. "
            "If any are listed, product links and pictures must be on them.",
        }

    def clean_domains(self) -> list[str]:
        """Host names as a product's address has them: an `https://` or a path would match no product at all."""
        domains = [domain.strip().lower() for domain in self.cleaned_data["domains"]]
        for domain in domains:
            if not DOMAIN.fullmatch(domain):
                raise forms.ValidationError(f"{domain} is no host name such as shop.example.com.")
        return domains


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
    actions = ["suspend", "resume"]

    @admin.action(description="Suspend: every key is refused", permissions=["change"])
    def suspend(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        now = timezone.now()
        run_for_each(
            self, request, accounts, lambda account: services.suspend_account(account, now=now), done="Suspended"
        )

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        run_for_each(self, request, accounts, services.resume_account, done="Resumed")

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:  # noqa: ARG002
        """A shop's gifts and keys are its history: suspend it instead."""
        return False


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    mode = forms.ChoiceField(
        choices=[("live", "live"), ("test", "test: films are watermarked, mails never leave")],
        initial="live",
        widget=forms.RadioSelect,
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        initial=Scope.values,
        widget=forms.CheckboxSelectMultiple,
        help_text="A key that sits in a shop's web page gets the first four only.",
    )

    class Meta:
        model = ApiKey
        fields = ["account", "name", "scopes", "expires_at"]

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("This key would have expired already.")
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """A key is issued here and shown once; afterwards it can be revoked, not changed."""

    form = ApiKeyForm
    list_display = ["id", "name", "account", "livemode", "last_used_on", moment("created_at"), moment("revoked_at")]
    list_filter = ["livemode", "account", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["account"]
    search_fields = ["=id", "name", "account__name"]
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:  # noqa: ARG002
        if obj is None:
            return ["account", "name", "mode", "scopes", "expires_at"]
        return [
            "id",
            ("account", "name", "livemode"),
            "scopes",
            ("created_by", moment("created_at")),
            ("last_used_on", moment("expires_at"), moment("revoked_at")),
        ]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        record, key = services.issue_api_key(
            obj.account,
            name=obj.name,
            livemode=form.cleaned_data["mode"] == "live",
            scopes=[Scope(scope) for scope in obj.scopes],
            expires_at=obj.expires_at,
            created_by=request.user.get_username(),
            now=timezone.now(),
        )
        obj.pk = record.pk
        request.issued = record, key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        """Show the whole key on the answer itself: a message for the next page would be stored on the way."""
        record, key = request.issued  # type: ignore[attr-defined]
        page = {**self.admin_site.each_context(request), "title": "API key issued", "key": record, "text": key}
        return TemplateResponse(request, "admin/api_key_issued.html", page)

    @admin.action(description="Revoke", permissions=["delete"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        now = timezone.now()
        run_for_each(self, request, keys, lambda key: services.revoke_api_key(key, now=now), done="Revoked")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """May revoke; a key's record is never deleted."""
        return obj is None and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

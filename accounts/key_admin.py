"""API keys for founders: issue, rotate, revoke, and see what has become of each."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from accounts import services
from accounts.models import ApiKey, Scope
from accounts.selectors import keys_in, state_of
from accounts.states import KeyState
from api.exceptions import ApplicationError
from giftflick.admin import ModelAdmin, moment, run_for_each
from giftflick.admin_filters import RowFilter

OVERLAP_HOURS = {0: "none: it ends at once", 1: "an hour", 24: "a day", 7 * 24: "a week", 30 * 24: "30 days"}


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


class RotationForm(forms.Form):
    overlap = forms.TypedChoiceField(
        label="How long both keys work", choices=list(OVERLAP_HOURS.items()), coerce=int, initial=24
    )


class KeyStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [(value, value) for value in KeyState.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        value = self.value()
        if value is None:
            return queryset
        if value not in KeyState.values:
            raise IncorrectLookupParameters(f"there is no state {value}")
        return queryset.filter(keys_in(KeyState(value), now=timezone.now()))


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """A key is issued here and shown once; afterwards it can be rotated and revoked, not changed."""

    form = ApiKeyForm
    list_display = [
        "id", "name", "account", "livemode", "state", "last_used_on",
        moment("created_at"), moment("expires_at"), moment("revoked_at"),
    ]  # fmt: skip
    is_short_list = True
    list_filter = [KeyStateFilter, ("account", RowFilter), "livemode"]
    list_select_related = ["account"]
    search_fields = ["=id", "name", "account__name"]
    actions = ["rotate", "revoke"]

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return str(state_of(key, now=timezone.now()))

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:  # noqa: ARG002
        if obj is None:
            return ["account", "name", "mode", "scopes", "expires_at"]
        return [
            ("id", "state"),
            ("account", "name", "livemode"),
            "scopes",
            ("created_by", moment("created_at"), "replaces"),
            ("last_used_on", moment("expires_at")),
            (moment("revoked_at"), "revoked_by"),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:  # noqa: ARG002
        return () if obj is None else ("state",)

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's own runs in a transaction: a key would be projected and shown before its record is committed."""
        try:
            view: HttpResponse = self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]
        except ApplicationError as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(request.path)
        return view

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
        record, key = request.issued  # type: ignore[attr-defined]
        return self._show_once(request, record, key)

    @admin.action(description="Rotate: issue another key and let this one end", permissions=["add"])
    def rotate(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> HttpResponse | None:
        """Asks for the overlap first: the form comes back to this action."""
        old, *more = keys
        if more:
            messages.error(request, "Rotate one key at a time: the new one is shown only once.")
            return None
        form = RotationForm(request.POST if "overlap" in request.POST else None)
        if not form.is_valid():
            return self._page(request, "admin/api_key_rotate.html", "Rotate API key", key=old, form=form)
        try:
            record, key = services.rotate_api_key(
                old,
                overlap=timedelta(hours=form.cleaned_data["overlap"]),
                created_by=request.user.get_username(),
                now=timezone.now(),
            )
        except ApplicationError as refusal:
            messages.error(request, f"{old}: {refusal.detail}")
            return None
        self.log_change(request, old, f"Rotated: {record.pk} takes its place.")
        self.log_addition(request, record, f"Issued in place of {old.pk}.")
        return self._show_once(request, record, key)

    @admin.action(description="Revoke", permissions=["delete"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        now, who = timezone.now(), request.user.get_username()
        run_for_each(
            self, request, keys, lambda key: services.revoke_api_key(key, revoked_by=who, now=now), done="Revoked"
        )

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """May revoke; a key's record is never deleted."""
        return obj is None and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def _show_once(self, request: HttpRequest, record: ApiKey, key: str) -> HttpResponse:
        """Show the whole key on the answer itself: a message for the next page would be stored on the way."""
        return self._page(request, "admin/api_key_issued.html", "API key issued", key=record, text=key)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), "title": title, **context})

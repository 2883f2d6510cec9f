"""API keys for founders: issue one, and see what has become of each. Rotating and revoking: `accounts.key_pages`."""

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_protect
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminRadioSelectWidget

from accounts import services
from accounts.finding import find_keys
from accounts.key_pages import AT_ONCE, buttons_of
from accounts.models import WEB_PAGE_SCOPES, ApiKey, Scope
from accounts.reauthentication import fresh_sign_in
from accounts.selectors import keys_in, state_of
from accounts.services import ShownBeforeError
from accounts.shown_once import form_token, new_number, show_key, tell_shown_before
from accounts.states import KeyState
from api import actors
from api.audit.doors import acting
from api.audit.states import Door
from giftflick.admin import About, ModelAdmin, moment, named
from giftflick.admin_filters import RowFilter
from giftflick.admin_parts import badge
from giftflick.admin_search import SearchByIndex

MODES = {
    "live": "Live: real gifts, real mails",
    "test": "Test: films have a watermark and cost nothing, mails never leave",
}
PURPOSES = {
    "web_page": "A web page of the shop: it is no secret there, so it may only make gifts and upload files",
    "server": "The shop's own server: it may do everything, also release, resend and withdraw gifts",
    "own": "Something else: I choose below",
}
SCOPES_IN_WORDS = {
    Scope.ACCOUNT_READ: "see the shop's own name, limits and usage",
    Scope.GIFTS_READ: "see the shop's gifts and the templates",
    Scope.GIFTS_WRITE: "make gifts, change them, hand them in",
    Scope.UPLOADS_WRITE: "upload photos, clips and sounds",
    Scope.ORDERS_WRITE: "mark orders paid, approve, cancel, resend and withdraw: not in a web page",
    Scope.WEBHOOKS_WRITE: "say where the shop hears of its gifts: not in a web page",
}
STANDS = {
    KeyState.LIVE: "It works.",
    KeyState.EXPIRING: "It works, and ends within 30 days: rotate it before then.",
    KeyState.EXPIRED: "Its time was up: it is refused.",
    KeyState.REVOKED: "Somebody ended it: it is refused for good.",
}


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    mode = forms.ChoiceField(
        choices=list(MODES.items()), initial="live", widget=UnfoldAdminRadioSelectWidget, help_text="Cannot be changed."
    )
    purpose = forms.ChoiceField(
        label="Where it will be",
        choices=list(PURPOSES.items()),
        initial="web_page",
        widget=UnfoldAdminRadioSelectWidget,
        help_text="Whoever visits a web page can read the key in it.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(scope.value, f"{scope.value}: {words}") for scope, words in SCOPES_IN_WORDS.items()],
        initial=[scope.value for scope in WEB_PAGE_SCOPES],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Read only if you chose something else above.",
    )

    class Meta:
        model = ApiKey
        fields = ["account", "name", "scopes", "expires_at"]

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("This key would have expired already.")
        return expires_at

    def clean(self) -> dict[str, Any]:
        """The purpose decides, whatever boxes a browser had ticked."""
        cleaned = super().clean() or self.cleaned_data
        presets = {"web_page": WEB_PAGE_SCOPES, "server": list(Scope)}
        purpose = cleaned.get("purpose")
        if purpose in presets and "scopes" not in self.errors:
            cleaned["scopes"] = [scope.value for scope in presets[purpose]]
        elif purpose == "own" and not cleaned.get("scopes") and "scopes" not in self.errors:
            self.add_error("scopes", "A key that may do nothing is of no use: choose something.")
        return cleaned


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
class ApiKeyAdmin(SearchByIndex, ModelAdmin):
    """A key is issued here and shown once; afterwards it can be rotated and revoked, not changed."""

    find = staticmethod(partial(find_keys, is_list=True))
    form = ApiKeyForm
    change_form_before_template = "admin/api_key_form.html"
    records_itself = True
    list_display = [
        "id", "name", named("account", "shop"), "mode", "state", "last_used_on",
        moment("created_at"), moment("expires_at"), moment("revoked_at"),
    ]  # fmt: skip
    is_short_list = True
    list_filter = [KeyStateFilter, ("account", RowFilter), "livemode"]
    list_select_related = ["account"]
    search_help_text = "A key's id (never the whole key), or a part of its name or its shop's."
    actions = ["revoke"]

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        state = state_of(key, now=timezone.now())
        return badge(str(state), explained=str(state.label))

    @admin.display(description="mode", ordering="livemode")
    def mode(self, key: ApiKey) -> str:
        mode = "live" if key.livemode else "test"
        return badge(mode, tone="" if key.livemode else "warn", explained=MODES[mode])

    @admin.display(description="scopes")
    def may(self, key: ApiKey) -> str:
        return "\n".join(f"{scope}: {SCOPES_IN_WORDS[Scope(scope)]}" for scope in key.scopes)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:  # noqa: ARG002
        if obj is None:
            return ["account", "name", "mode", "purpose", "scopes", "expires_at"]
        return [
            ("id", "state"),
            ("account", "name", "mode"),
            "may",
            ("created_by", moment("created_at"), "replaces"),
            ("last_used_on", moment("expires_at")),
            (moment("revoked_at"), "revoked_by"),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:  # noqa: ARG002
        return () if obj is None else ("state", "mode", "may")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """From a shop's page the form knows the shop."""
        account = request.GET.get("account")
        return {"account": account} if account else {}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """A key that is there is looked at, with its buttons; only a new one is a form."""
        key = context.get("original")
        if key is None:
            return super().render_change_form(request, context, *args, **options)
        about = About(lead=STANDS[state_of(key, now=timezone.now())], buttons=buttons_of(request, key))
        if key.account.suspended_at:
            about = About(lead=about.lead, buttons=about.buttons, trouble="Its shop is suspended: it is refused.")
        response = super().render_change_form(request, {**context, **vars(about)}, *args, **options)
        response.template_name = "admin/details.html"
        return response

    @method_decorator(fresh_sign_in)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        return super().add_view(request, form_url, {"form_number": new_number(), **(extra_context or {})})

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return self.told_on_form(request, partial(self._bare_view, request, object_id, form_url, extra_context))

    def _bare_view(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        """Django's own runs in a transaction: a key would be projected and shown before its record is committed."""
        try:
            view: HttpResponse = self._changeform_view(request, object_id, form_url, extra_context)
        except ShownBeforeError as refusal:
            return tell_shown_before(request, refusal)
        return view

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        who = request.user.get_username()
        with acting(door=Door.ADMIN, actor=actors.staff(who)):
            record, key = services.issue_api_key(
                obj.account,
                name=obj.name,
                livemode=form.cleaned_data["mode"] == "live",
                scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
                expires_at=obj.expires_at,
                created_by=who,
                now=timezone.now(),
                form_token=form_token(request),
            )
        obj.pk = record.pk
        request.issued = record, key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        record, key = request.issued  # type: ignore[attr-defined]
        return show_key(request, record, key)

    @admin.action(description="Revoke…", permissions=["delete"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> HttpResponse | None:
        """Leads to the page that asks why."""
        wanted = list(keys.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
        if len(wanted) > AT_ONCE:
            messages.error(request, f"At most {AT_ONCE} at once: to shut a whole shop out, suspend it.")
            return None
        return HttpResponseRedirect(f"{reverse('admin:key_revoke')}?{urlencode({'key': wanted}, doseq=True)}")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """May revoke; a key's record is never deleted."""
        return obj is None and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

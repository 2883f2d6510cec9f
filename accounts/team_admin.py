"""The team page: invite a colleague, choose groups, let somebody go, help who is locked out."""

from contextlib import nullcontext
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_protect
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts import lockout, team
from accounts.founders import mail_link
from accounts.groups import GROUPS
from accounts.models import User
from accounts.reauthentication import fresh_sign_in
from accounts.second_factor import has_second_factor
from api.audit.doors import acting
from api.audit.states import Door
from api.exceptions import ApplicationError, BackendError, ForbiddenError, refusal_words
from giftflick.admin import ModelAdmin, named
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show
from giftflick.admin_parts import when

MAY = "accounts.manage_team"


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a service would refuse is told at its field."""

    by: User  # who fills it in

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.filter(name__in=GROUPS).order_by("pk"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Founder: everything. Support: repairs gifts, erases recipients. Developer: templates, keys, jobs. "
        "Read-only: looks. Query: the console, besides another group.",
    )

    class Meta:
        model = User
        fields = ["username", "email", "first_name", "last_name", "groups", "is_active"]
        error_messages = {"username": {"unique": team.NAME_TAKEN}}
        help_texts = {
            "username": "What they sign in as. It stands in the audit log, so it cannot be changed later.",
            "email": "Where the link to choose a password goes.",
            "is_active": "Untick it to let somebody go: they are signed out everywhere at once, and cannot come back.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        try:
            team.refuse_taken_address(email, by_others_than=self.instance)
        except ApplicationError as refusal:
            raise forms.ValidationError(refusal_words(refusal)) from None
        return email

    def clean_groups(self) -> list[Group]:
        groups = list(self.cleaned_data["groups"])
        had = list(self.instance.groups.all()) if self.instance.pk else []
        try:
            team.refuse_to_give(self.by, [group for group in groups if group not in had])
        except ApplicationError as refusal:
            raise forms.ValidationError(refusal.detail) from None
        return groups


SIGNED_IN = named("last_login", "last signed in", when)


@admin.register(User)
class TeamAdmin(ModelAdmin):
    """Only whoever may manage the team sees it. Passwords are never typed here: a link is mailed."""

    form = MemberForm
    records_itself = True
    list_display = ["username", "email", "in_groups", "second_factor", SIGNED_IN, "is_active"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "email", "first_name", "last_name"]
    ordering = ["username"]
    actions = None
    is_short_list = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups", "totpdevice_set")

    @admin.display(description="groups")
    def in_groups(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join([*names, "superuser"] if user.is_superuser else names) or "none"

    @admin.display(description="second factor")
    def second_factor(self, user: User) -> str:
        has_one = any(device.confirmed for device in user.totpdevice_set.all())  # type: ignore[attr-defined]
        return "yes" if has_one else "not yet"

    @admin.display(description="cannot get in?")
    def help_for(self, user: User) -> str:
        return format_html(
            '<a class="gf-link" href="{}">Unlock, reset, send a link</a>', reverse("admin:team_help", args=[user.pk])
        )

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ARG002
        shown: list[Any] = ["username", "email", ("first_name", "last_name"), "groups"]
        return shown if obj is None else [*shown, "is_active", "second_factor", SIGNED_IN, "help_for"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ARG002
        return [] if obj is None else ["username", "second_factor", SIGNED_IN, "help_for"]

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.by = request.user
        return form

    @method_decorator(csrf_protect)
    @fresh_sign_in
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return self.told_on_form(request, partial(self._locked_view, request, object_id, form_url, extra_context))

    def _locked_view(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        """Not in Django's transaction where a mail goes out afterwards, which no transaction may wait for.

        Where a colleague is changed the founders are locked before the row is, as the service does.
        """
        is_change = request.method == "POST" and object_id is not None
        try:
            with transaction.atomic() if is_change else nullcontext():
                if is_change:
                    team.lock_founders()
                view: HttpResponse = self._changeform_view(request, object_id, form_url, extra_context)
        except ForbiddenError as refusal:
            raise PermissionDenied(refusal.detail) from None
        return view

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        given = {name: form.cleaned_data[name] for name in form.cleaned_data if name != "username"}
        with acting(door=Door.ADMIN):
            if change:
                team.change_member(obj, by=_by(request), now=timezone.now(), **given)
            else:
                member = team.invite_member(username=obj.username, by=_by(request), now=timezone.now(), **given)
                obj.pk = member.pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """The service has done it."""

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        _send_link(request, User.objects.get(pk=obj.pk))
        return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return request.user.has_perm(MAY)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return request.user.has_perm(MAY)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Who was in the team stands in the audit log: let them go instead."""
        return False


class HelpForm(forms.Form):
    why = forms.CharField(
        label="Why", max_length=500, help_text="For the audit log: how do you know that it is your colleague who asks?"
    )


@page("team/<int:pk>/help/", name="team_help", permission=MAY)
@fresh_sign_in
def help_member(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Unlock, reset the second factor, or send a link once more."""
    user = get_object_or_404(User, pk=pk)
    form = HelpForm(request.POST if request.method == "POST" else None)
    act = _ACTS.get(request.POST.get("act", ""))
    if request.method == "POST" and act is not None and form.is_valid():
        try:
            with acting(door=Door.ADMIN, why=form.cleaned_data["why"]):
                team.refuse_to_change(_by(request), user)
                act(request, user)
        except ApplicationError as refusal:
            raise PermissionDenied(refusal.detail) from None
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))
    return show(
        request,
        "admin/accounts_team_help.html",
        f"Help {user.get_username()}",
        member=user,
        form=form,
        has_factor=has_second_factor(user),
        is_locked=lockout.is_locked_somewhere(user, now=timezone.now()),
    )


def _unlock(request: HttpRequest, user: User) -> None:
    team.unlock_member(user, actor=actor_of(request), now=timezone.now())
    messages.success(request, f"Tries as {user.get_username()} count from nothing again.")


def _reset(request: HttpRequest, user: User) -> None:
    team.reset_second_factor(user, actor=actor_of(request), by=_by(request), now=timezone.now())
    _send_link(request, user)


def _link(request: HttpRequest, user: User) -> None:
    _send_link(request, user)


_ACTS = {"unlock": _unlock, "reset": _reset, "link": _link}


def _send_link(request: HttpRequest, user: User) -> None:
    try:
        mail_link(user, now=timezone.now())
    except BackendError as failure:
        messages.error(request, f"The link could not be mailed: {failure.detail} Send it again in a minute.")
    else:
        messages.success(request, f"A link to choose a password was mailed to {user.get_username()}. It works a day.")


def _by(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the admin lets nobody else in
    return user

"""The pages for saving a list's filters, and for dropping what was saved."""

from copy import copy
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from api.exceptions import ApplicationError, refusal_words
from api.saved_filters.models import SavedFilter
from api.saved_filters.services import delete_filter, may_delete, save_filter
from giftflick.admin_pages import page, show


class SavingForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        label="Name",
        help_text="Such as Failed at Confetti Shop. No names or addresses of people, please.",
    )
    is_shared = forms.BooleanField(required=False, label="Show it to the whole team")


@page("saved-filters/add/", name="saved_filter_add", permission=None)
def add(request: HttpRequest) -> HttpResponse:
    """`?list=api.gift&status__exact=failed`: what is known of the rest is saved."""
    model_admin = _list_or_404(request, request.GET.get("list", ""))
    try:
        filtered = _filtered_list(request, model_admin)
    except IncorrectLookupParameters:
        return redirect(f"{_path(model_admin)}?{ERROR_FLAG}=1")
    query = filtered.saved_query
    form = SavingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_filter(
                _label(model_admin), query=query, owner=_user(request), now=timezone.now(), **form.cleaned_data
            )
        except ApplicationError as refusal:
            form.add_error(None, refusal_words(refusal))
        else:
            messages.success(request, f"Saved as “{saved.name}”.")
            return redirect(f"{_path(model_admin)}?{query}")
    context: dict[str, Any] = {"form": form, "chosen": filtered.chosen, "back": f"{_path(model_admin)}?{query}"}
    return show(request, "admin/saved_filters_add.html", "Save this filter", **context)


@page("saved-filters/<int:pk>/delete/", name="saved_filter_delete", permission=None)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    saved = SavedFilter.objects.filter(pk=pk).select_related("owner").first()
    if saved is None or not (saved.is_shared or may_delete(saved, user=_user(request))):
        raise Http404("There is no such filter.")
    if not may_delete(saved, user=_user(request)):
        raise PermissionDenied("This filter is somebody else's: only they or a founder can delete it.")
    path = _path(_list_or_404(request, saved.list))
    if request.method == "POST":
        delete_filter(saved, user=_user(request))
        messages.success(request, f"Deleted the filter “{saved.name}”.")
        return redirect(path)
    title = f"Delete the filter “{saved.name}”"
    return show(request, "admin/saved_filters_delete.html", title, saved=saved, back=f"{path}?{saved.query}")


def _filtered_list(request: HttpRequest, model_admin: Any) -> Any:
    """The list as the request's parameters filter it, without what was searched for."""
    given = request.GET.copy()
    for name in ("list", "q"):
        given.pop(name, None)
    asked = copy(request)
    asked.GET = given  # type: ignore[assignment]
    return model_admin.get_changelist_instance(asked)


def _list_or_404(request: HttpRequest, label: str) -> Any:
    try:
        model_admin = admin.site.get_model_admin(apps.get_model(label))
    except (ValueError, LookupError, NotRegistered):
        raise Http404("There is no such list.") from None
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied("This is a filter of a list that you may not see.")
    return model_admin


def _label(model_admin: Any) -> str:
    return str(model_admin.opts.label_lower)


def _path(model_admin: Any) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    return request.user

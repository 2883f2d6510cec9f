"""Editing a row by hand: whoever saves what somebody else has changed meanwhile is told, and each change is recorded.

A form carries a stamp for each of its fields, made from the row as it was shown. To save it the row is locked and the
stamps are compared in the transaction that writes it, so of two who save at once the second sees what the first wrote;
and so does one who saves after the API, a command or an import has changed the row. A field without a stamp was shown
to nobody: to change it is refused in the same way.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import Account
from api.audit.changes import Changes, differences, made
from api.audit.doors import acting
from api.audit.models import AuditEntry
from api.audit.selectors import entries_of
from api.audit.services import record
from api.audit.wording import Line, lines_of, value_in_words, what, who
from api.exceptions import ApplicationError

if TYPE_CHECKING:  # Django's own are generic to mypy only, and Unfold has no types
    Base = admin.ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as Base

WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
STAMPS = "_stamps"  # the names of what a form carries besides its fields
WHY = "_why"
LONGEST_WHY = 500
STAMP_LENGTH = 16
LOOKED_THROUGH = 50  # of a row's newest entries, for who changed a field
SHOWN = 100  # of them on its page of history
SEES_HISTORY = "api.view_auditentry"
CHANGED_MEANWHILE = (
    "Somebody changed this while you had it open. Nothing of yours was saved, nothing of theirs is lost."
)

Values = dict[str, Any]


@dataclass(frozen=True)
class Conflict:
    """A field that somebody else has changed."""

    name: str
    label: str
    lines: list[Line]
    by: str
    at: datetime | None
    is_yours_kept: bool
    yours: str


@dataclass
class Edit:
    """One request to a form."""

    seen: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    before: Values | None = None  # the row's values, before the form set any
    stamps: Mapping[str, str] = field(default_factory=dict)
    refusal: ApplicationError | None = None  # of the service, after all checks of the form
    conflicts: list[Conflict] = field(default_factory=list)


class CarefulEdits(Base):
    """`asks_why`: the form ends with room for a reason. `records_itself`: the services behind it write the log."""

    asks_why = False
    records_itself = False
    has_history = True

    def action_of(self, verb: str, changes: Changes) -> str:  # noqa: ARG002
        """What the audit log calls it; `verb` is created or updated."""
        return f"{WORD.sub('_', self.model.__name__).lower()}.{verb}"

    # The form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self.told_on_form(request, partial(super().changeform_view, request, *args, **kwargs))

    def told_on_form(self, request: HttpRequest, view: Callable[[], Any]) -> Any:
        """What a service refuses though the form let it through, as a name that another takes in this instant, stands
        on the form with what was typed: the view is called again, and saves nothing.
        """
        try:
            return view()
        except ApplicationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return view()

    def _changeform_view(self, request: HttpRequest, object_id: Any, form_url: str, extra_context: Any) -> Any:
        edit = Edit()
        if request.method == "POST":
            edit = Edit(seen=_read(request.POST.get(STAMPS, "")), why=request.POST.get(WHY, "").strip()[:LONGEST_WHY])
        edit.refusal = getattr(request, "refusal", None)
        request.edit = edit  # type: ignore[attr-defined]
        shown = {} if self.has_history and request.user.has_perm(SEES_HISTORY) else {"show_history": False}
        with acting(why=edit.why):
            return super()._changeform_view(request, object_id, form_url, {**(extra_context or {}), **shown})  # type: ignore[misc]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Locked, where it is about to be changed by a form."""
        row = super().get_object(request, object_id, from_field)
        is_edited = request.method == "POST" and hasattr(request, "edit")
        if row is None or not is_edited or not transaction.get_connection().in_atomic_block:
            return row
        rows = self.model._base_manager.select_for_update(no_key=True)  # noqa: SLF001 - Django documents it
        return None if rows.filter(pk=row.pk).first() is None else super().get_object(request, object_id, from_field)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form_class: Any = super().get_form(request, obj, change=change, **kwargs)
        edit: Edit | None = getattr(request, "edit", None)
        if edit is None:
            return form_class
        if obj is not None and change:
            # Asked for more than once: what is known already is not read from a row that a form may have changed since.
            edit.before = {**_values(obj, form_class.base_fields), **(edit.before or {})}
            edit.stamps = {name: _stamp(value) for name, value in edit.before.items()}
        return type(form_class)(form_class.__name__, (_Checked, form_class), {"edit": edit})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        edit: Edit | None = getattr(request, "edit", None)
        is_change = kwargs.get("change", False) and self.has_change_permission(request, kwargs.get("obj"))
        if edit is not None and (is_change or kwargs.get("add")):
            context.update(
                stamps=json.dumps(edit.stamps) if is_change else None,
                conflicts=edit.conflicts,
                asks_why=self.asks_why,
                why=edit.why,
                longest_why=LONGEST_WHY,
            )
        return super().render_change_form(request, context, *args, **kwargs)

    # The log

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        if not self.records_itself:
            form_fields = self.get_form(request, obj, change=False).base_fields
            self._record("created", obj, made(_told(_values(obj, form_fields))))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        if self.records_itself:
            return
        before: Values = request.edit.before  # type: ignore[attr-defined]
        changes = differences(_told(before), _told(_values(obj, before)))
        if changes:
            self._record("updated", obj, changes)

    def _record(self, verb: str, row: Model, changes: Changes) -> None:
        account_id: UUID | None = row.pk if isinstance(row, Account) else getattr(row, "account_id", None)
        record(self.action_of(verb, changes), now=timezone.now(), subject=row, account_id=account_id, changes=changes)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """What the audit log has of a row, for those who may read the log."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not (self.has_view_or_change_permission(request, row) and request.user.has_perm(SEES_HISTORY)):
            raise PermissionDenied
        entries = list(entries_of(row)[: SHOWN + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row}",
            "opts": self.opts,
            "original": row,
            "told": [_Told(entry) for entry in entries[:SHOWN]],
            "is_more": len(entries) > SHOWN,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/audit_history.html", context)


class _Told:
    """An entry as its page of history shows it."""

    def __init__(self, entry: AuditEntry) -> None:
        self.entry = entry
        self.who = who(entry.actor)
        self.what = what(entry.action)
        self.lines = lines_of(entry)


class _Checked:
    """Mixed into a form: refuses what was made from an older row than the one that is there, and says what the service
    refused.
    """

    edit: Edit

    def clean(self: Any) -> Any:
        cleaned = super().clean()  # type: ignore[misc]
        edit: Edit = self.edit
        cleaned = self.cleaned_data if cleaned is None else cleaned
        for name, stamp in edit.stamps.items():
            is_stale = name in self.fields and edit.seen.get(name) != stamp
            if is_stale and not (name in cleaned and _stamp(cleaned[name]) == stamp):
                is_touched = name not in cleaned or _stamp(cleaned[name]) != edit.seen.get(name)
                edit.conflicts.append(_conflict(self, name, is_yours_kept=is_touched))
        if edit.conflicts:
            self.add_error(None, CHANGED_MEANWHILE)
        for error in edit.refusal.errors if edit.refusal else ():
            if error.detail not in self.errors.get(error.field, []):  # the form may see it by now
                self.add_error(error.field if error.field in self.fields else None, error.detail)
        if edit.refusal and not edit.refusal.errors:
            self.add_error(None, edit.refusal.detail)
        return cleaned


def _conflict(form: Any, name: str, *, is_yours_kept: bool) -> Conflict:
    """Where the one who saves had not touched the field, the form shows what is there by now."""
    bound = form.fields[name]
    yours = value_in_words(form[name].data)
    if not is_yours_kept:
        bound.bound_data = lambda _data, initial: initial
    entry, lines = _newest_change(form.instance, name)
    if entry is None:
        lines = [Line(name, "", value_in_words(_told({name: form.edit.before[name]})[name]))]
    return Conflict(
        name=name,
        label=str(bound.label or name.replace("_", " ")).capitalize(),
        lines=lines,
        by=who(entry.actor) if entry else "",
        at=entry.at if entry else None,
        is_yours_kept=is_yours_kept,
        yours=yours,
    )


def _newest_change(row: Model, name: str) -> tuple[AuditEntry | None, list[Line]]:
    for entry in entries_of(row)[:LOOKED_THROUGH]:
        lines = [line for line in lines_of(entry) if line.name.partition(".")[0] == name]
        if lines:
            return entry, lines
    return None, []


def _values(row: Model, names: Iterable[str]) -> Values:
    """What the form edits; a field that is switched off, such as a password's digest, is none of it."""
    fields = names if isinstance(names, Mapping) else dict.fromkeys(names)
    editable = [name for name, one in fields.items() if not (isinstance(one, forms.Field) and one.disabled)]
    return model_to_dict(row, editable)


def _stamp(value: Any) -> str:
    """The same for a row's value and for what a form makes of it."""
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=True, default=str)
    return salted_hmac("giftflick.admin_edits", text).hexdigest()[:STAMP_LENGTH]


def _plain(value: Any) -> Any:
    match value:
        case Model():
            return str(value.pk)
        case FieldFile():
            return value.name or ""
        case QuerySet() | list() | tuple() | set() if value and all(isinstance(one, Model) for one in value):
            return sorted(str(one.pk) for one in value)
        case QuerySet():
            return []
        case str():
            return value.replace("\r\n", "\n")
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case list() | tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
    return value


def _told(values: Values) -> Values:
    """For the log: rows by their names where there are several, files by theirs."""
    return {name: _in_log(value) for name, value in values.items()}


def _in_log(value: Any) -> Any:
    match value:
        case FieldFile():
            return value.name or ""
        case list() | QuerySet() if value and all(isinstance(one, Model) for one in value):
            return sorted(str(one) for one in value)
        case QuerySet():
            return []
    return value


def _read(stamps: str) -> dict[str, str]:
    """Whatever else is sent says nothing about any field."""
    try:
        read = json.loads(stamps)
    except ValueError:
        return {}
    return {str(name): str(stamp) for name, stamp in read.items()} if isinstance(read, dict) else {}

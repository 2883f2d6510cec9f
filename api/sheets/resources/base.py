"""What all resources of sheets share: django-import-export's reading, comparing and dry run, our services' writing.

Imported by whoever reads rows, never while a request to the API is served.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from import_export import resources, widgets  # noqa: TID253 - see above
from import_export.results import RowResult  # noqa: TID253

from api.exceptions import ApplicationError, FieldError
from api.sheets.refusals import storable
from api.sheets.selectors import told
from api.sheets.states import RowOutcome
from api.templates.scripts import read_script

Cells = Mapping[str, str]

_OUTCOMES = {
    RowResult.IMPORT_TYPE_NEW: RowOutcome.NEW,
    RowResult.IMPORT_TYPE_UPDATE: RowOutcome.CHANGED,
    RowResult.IMPORT_TYPE_SKIP: RowOutcome.UNCHANGED,
}


@dataclass(frozen=True)
class Finding:
    """What a row means: `changes` is column: (before, after) as a sheet shows them, `errors` column: words."""

    outcome: RowOutcome
    changes: dict[str, tuple[str, str]]
    errors: dict[str, str]
    subject: Model | None = None


class SheetResource(resources.ModelResource):  # type: ignore[misc]
    """One kind of rows. A field's `column_name` is its attribute's.

    A blank cell empties a text or a list; any other field keeps what it has, or takes its default.
    """

    class Meta:
        skip_unchanged = True
        report_skipped = True
        skip_html_diff = True
        store_instance = True
        use_transactions = False
        clean_model_instances = False  # `validate_instance` asks the fields alone: rules between rows are the services'

    def __init__(self, *, scope_id: UUID | None = None) -> None:
        super().__init__()
        self.scope_id = scope_id
        self.now: datetime | None = None
        self.actor = ""
        self.is_dry = True
        self._is_new = False

    # ---- What a kind says of itself.

    def find(self, row: Cells) -> Model | None:
        """What the row is about, locked when it is about to be written. Raises ValidationError."""
        raise NotImplementedError

    def write(self, instance: Any, *, is_new: bool, changed: Sequence[str], row: Cells) -> Model:
        """Call the service that makes or changes it, and return what it made."""
        raise NotImplementedError

    def prepare(self, rows: Sequence[Cells]) -> None:
        """Called before a slice of rows is examined: what many of them need can be read at once."""

    def judge(self, instance: Any, row: Cells) -> Mapping[str, str]:  # noqa: ARG002
        """What is wrong beyond the fields' own rules, by column."""
        return {}

    def fields_to_clean(self) -> Sequence[str]:
        return [field.attribute for field in self.get_import_fields()]

    def done(self, subject: Model, outcome: RowOutcome) -> str:
        return f"{'made' if outcome == RowOutcome.NEW else 'changed'}: {subject}"

    # ---- What the flow asks.

    def examine(self, row: Cells, *, number: int, now: datetime) -> Finding:
        """What confirming would do with the row; nothing is written."""
        self.now, self.is_dry = now, True
        return self._finding(self.import_row(dict(row), None, dry_run=True, row_number=number))

    def take_in(self, row: Cells, *, number: int, actor: str, now: datetime) -> Finding:
        """Do it, in the caller's transaction. Raises ApplicationError, also for what `examine` would find wrong."""
        self.now, self.actor, self.is_dry = now, actor, False
        finding = self._finding(self.import_row(dict(row), None, dry_run=False, row_number=number))
        if finding.errors:
            raise ApplicationError(told(finding.errors), code="row_refused")
        return finding

    # ---- How the library is told.

    def get_instance(self, instance_loader: Any, row: Any) -> Any:  # noqa: ARG002
        return self.find(row)

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:  # noqa: ARG002, FBT001
        self._is_new = new

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """The library would also skip what is new and all defaults."""
        return not self._is_new and super().skip_row(instance, original, row, import_validation_errors)

    def import_field(self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002
        if isinstance(field.widget, KeepsWhenBlank) and not str(row.get(field.column_name, "")).strip():
            return
        super().import_field(field, instance, row, is_m2m, **kwargs)

    def validate_instance(
        self,
        instance: Any,
        import_validation_errors: Any = None,
        validate_unique: bool = True,  # noqa: ARG002, FBT001, FBT002
    ) -> None:
        errors: dict[str, Any] = dict(import_validation_errors or {})
        cleaned = {name for name in self.fields_to_clean() if name not in errors}
        others = [field.name for field in instance._meta.fields if field.name not in cleaned]  # noqa: SLF001 - documented
        try:
            instance.clean_fields(exclude=others)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:  # noqa: ARG002, FBT001
        wrong = self.judge(instance, row)
        if wrong:
            raise ValidationError({column or NON_FIELD_ERRORS: words for column, words in wrong.items()})
        if not self.is_dry:
            changed = [] if is_create else self._changed(row)
            self._written = self.write(instance, is_new=is_create, changed=changed, row=row)

    def save_m2m(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """There are none."""

    def _changed(self, row: Cells) -> list[str]:
        return [field.attribute for field in self.get_import_fields() if field.column_name in row and field.attribute]

    def _finding(self, result: Any) -> Finding:
        if result.errors:
            error = result.errors[0].error
            if isinstance(error, ApplicationError):
                return _wrong(_of_application(error))
            raise error
        if result.validation_error is not None:
            return _wrong(_of_validation(result.validation_error))
        outcome = _OUTCOMES[result.import_type]
        changes = {} if outcome == RowOutcome.UNCHANGED else self._changes(result)
        subject = result.instance if self.is_dry or outcome == RowOutcome.UNCHANGED else self._written
        return Finding(outcome, changes, {}, subject)

    def _changes(self, result: Any) -> dict[str, tuple[str, str]]:
        found = {}
        for field in self.get_import_fields():
            before = "" if result.is_new() else shown(field, result.original)
            after = shown(field, result.instance)
            if before != after:
                found[field.column_name] = (before, after)
        return found


def shown(field: Any, instance: Any) -> str:
    """A field as a sheet has it."""
    value = field.export(instance)
    return "" if value is None else str(value)


def _wrong(errors: Mapping[str, str]) -> Finding:
    return Finding(RowOutcome.WRONG, {}, {storable(column): storable(words) for column, words in errors.items()})


def _of_application(error: ApplicationError) -> dict[str, str]:
    if not error.errors:
        return {"": error.detail}
    return joined(error.errors)


def joined(errors: Sequence[FieldError]) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in errors:
        found[error.field] = f"{found[error.field]} {error.detail}" if error.field in found else error.detail
    return found


def _of_validation(error: ValidationError) -> dict[str, str]:
    if not hasattr(error, "error_dict"):
        return {"": " ".join(error.messages)}
    return {
        "" if column == NON_FIELD_ERRORS else column: " ".join(words) for column, words in error.message_dict.items()
    }


# ---- Widgets: how a cell is read and written.


class KeepsWhenBlank:
    """A blank cell says nothing about the field."""


class TextWidget(widgets.CharWidget):  # type: ignore[misc]
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:  # noqa: ARG002
        return str(value or "").strip()


class WholeNumberWidget(KeepsWhenBlank, widgets.Widget):  # type: ignore[misc]
    """The library's own cuts 12.5 to 12."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:  # noqa: ARG002
        text = str(value).strip()
        if not text.isdecimal() or not text.isascii() or len(text) > 9:
            raise ValueError("This must be a whole number, such as 600.")
        return int(text)


class ChoiceWidget(KeepsWhenBlank, widgets.CharWidget):  # type: ignore[misc]
    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__()
        self.choices = choices

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:  # noqa: ARG002
        text = str(value).strip().lower()
        if text not in self.choices:
            raise ValueError(f"This must be one of: {', '.join(self.choices)}.")
        return text


class ListWidget(widgets.Widget):  # type: ignore[misc]
    """Words with commas or blanks between them."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[str]:  # noqa: ARG002
        return str(value or "").replace(",", " ").split()

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:  # noqa: ARG002
        return ", ".join(value or [])


class ScriptWidget(KeepsWhenBlank, widgets.Widget):  # type: ignore[misc]
    """JSON in one cell."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:  # noqa: ARG002
        return read_script(str(value))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:  # noqa: ARG002
        return json.dumps(value, ensure_ascii=False)

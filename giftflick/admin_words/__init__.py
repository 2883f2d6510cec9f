"""What the admin says of its fields, its states and its empty lists, in plain words.

They stand here and not in the models, because they are written for founders: a column's name, its help and what to do
about it change without a migration. A model's own `help_text` is used where there is no other word.
"""

from dataclasses import dataclass
from functools import cache

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from giftflick.admin_words.empty import EMPTY, Nothing
from giftflick.admin_words.fields import FIELDS, Field

__all__ = ["FIELDS", "Nothing", "Word", "choices_of", "nothing_of", "words_of"]


@dataclass(frozen=True)
class Word:
    """A field as founders read it. `label` is empty where Django's own is plain enough."""

    label: str
    help: str


@cache
def words_of(model: type[Model]) -> dict[str, Word]:
    """By field; a model's own words first, then those that any model's field of this name has."""
    label = model._meta.label_lower  # noqa: SLF001 - Django documents it
    given: dict[str, Field] = {**FIELDS[""], **FIELDS.get(label, {})}
    own = {field.name: str(getattr(field, "help_text", "")) for field in model._meta.get_fields()}  # noqa: SLF001
    words = {name: Word(*_pair(field)) for name, field in given.items()}
    return words | {name: Word("", text) for name, text in own.items() if text and name not in FIELDS.get(label, {})}


def nothing_of(model: type[Model]) -> Nothing:
    """What an empty list of it says."""
    name = str(model._meta.verbose_name_plural)  # noqa: SLF001
    return EMPTY.get(model._meta.label_lower) or Nothing(f"No {name} yet", "They appear here by themselves.")  # noqa: SLF001


def choices_of(model: type[Model], name: str) -> dict[str, str]:
    """A field's values and what each means; empty where it has none, or is no field."""
    try:
        field = model._meta.get_field(name)  # noqa: SLF001
    except FieldDoesNotExist:
        return {}
    return {str(value): str(label) for value, label in getattr(field, "flatchoices", ()) or ()}


def _pair(field: Field) -> tuple[str, str]:
    return ("", field) if isinstance(field, str) else field

"""Help where people are: what to do when something happened, and what the words mean. For whoever may sign in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.states import KeyState
from api.audit.states import Door
from giftflick.admin_links import close_links
from giftflick.admin_pages import page, show
from giftflick.admin_parts import TONES
from giftflick.admin_words import Word, choices_of, words_of

# States that no column has: they are computed.
COMPUTED: dict[str, dict[str, Any]] = {"accounts.apikey": {"state": KeyState}, "api.auditentry": {"door": Door}}


@dataclass(frozen=True)
class Meaning:
    value: str
    tone: str
    text: str


@dataclass(frozen=True)
class Vocabulary:
    """One kind of row: what its fields are, and what each value of its states means."""

    name: str
    anchor: str
    link: str | None
    states: list[tuple[str, list[Meaning]]]
    fields: list[tuple[str, str]]


@page("help/", name="help", permission=None)
def help_page(request: HttpRequest) -> HttpResponse:
    return close_links(request, show(request, "admin/help.html", "What do I do when…"))


@page("words/", name="words", permission=None)
def words_page(request: HttpRequest) -> HttpResponse:
    return show(request, "admin/words.html", "What the words mean", vocabularies=list(_vocabularies(request)))


def _vocabularies(request: HttpRequest) -> Iterator[Vocabulary]:
    """Of what somebody may see, in the order of the sidebar's words: by name."""
    registered = sorted(admin.site._registry.items(), key=lambda pair: str(pair[0]._meta.verbose_name_plural))  # noqa: SLF001
    for model, shown_by in registered:
        if not shown_by.has_view_permission(request):
            continue
        opts = model._meta  # noqa: SLF001 - Django documents it
        words = words_of(model)
        names = [name for name in _field_names(model) if name in words]
        yield Vocabulary(
            name=str(opts.verbose_name_plural),
            anchor=opts.model_name or "",
            link=reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
            states=[(_label(name, words), meanings) for name, meanings in _states(model)],
            fields=[(_label(name, words), words[name].help) for name in names],
        )


def _states(model: type[Model]) -> Iterator[tuple[str, list[Meaning]]]:
    computed = COMPUTED.get(model._meta.label_lower, {})  # noqa: SLF001
    for name in [*computed, *(name for name in _field_names(model) if name not in computed)]:
        known: Any = dict(computed[name].choices) if name in computed else choices_of(model, name)
        if known:
            yield name, [Meaning(value, TONES.get(value, ""), _plain(value, text)) for value, text in known.items()]


def _plain(value: str, text: str) -> str:
    """A choice that nobody explained has its own name in capitals for a label: that says nothing twice."""
    return "" if text.lower() == value.lower() else text


def _label(name: str, words: dict[str, Word]) -> str:
    if name in words and words[name].label:
        return str(words[name].label)
    return name.replace("_", " ").capitalize()


def _field_names(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.get_fields() if field.concrete]  # noqa: SLF001

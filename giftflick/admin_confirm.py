"""The page that stands between a button and what it does: what will happen, what cannot be undone, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from api.audit.doors import acting
from api.exceptions import ApplicationError, refusal_words
from giftflick.admin_pages import show

Answers = Mapping[str, Any]


class ReasonForm(forms.Form):
    """What every such page asks; a page that asks more extends it."""

    reason = forms.CharField(
        label="Reason",
        min_length=3,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the audit log with your name. Leave out names and addresses.",
    )

    def __init__(self, *args: Any, is_reason_required: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        reason = self.fields["reason"]
        reason.required = is_reason_required
        reason.label = "Reason" if is_reason_required else "Reason (if you like)"
        self.order_fields([name for name in self.fields if name != "reason"])


def reason_given(request: HttpRequest) -> str:
    """What a `ReasonForm` on another page said; without a reason that can be kept nothing, and a message why."""
    form = ReasonForm(request.POST)
    if form.is_valid():
        return str(form.cleaned_data["reason"])
    messages.error(request, f"Say why: {' '.join(str(words) for words in form.errors['reason'])}")
    return ""


@dataclass(frozen=True)
class Question:
    """`says`: what will happen. `final`: what cannot be undone. `version`: of what is shown, if it may change.
    `row`: what it is about, for the way back at the page's head.
    """

    title: str
    about: str
    says: Sequence[str]
    button: str
    back: str
    final: str = ""
    is_reason_required: bool = True
    form: type[ReasonForm] = ReasonForm
    initial: Answers = field(default_factory=dict)
    options: Answers = field(default_factory=dict)
    version: int = 0
    is_dangerous: bool = False
    row: Model | None = None


def ask(request: HttpRequest, question: Question, act: Callable[[Answers, int], str]) -> HttpResponse:
    """Show the question; once it is answered, `act(answers, version)` with the reason as what the audit log gets.

    `version` is the one that the person has seen. What `act` says it did is shown where the person came from; an
    ApplicationError is shown here, in its own words, with everything that was typed.
    """
    refusal = ""
    options = {"is_reason_required": question.is_reason_required, "initial": question.initial, **question.options}
    form = question.form(request.POST if request.method == "POST" else None, label_suffix="", **options)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                done = _act(request, form, act)
            except ApplicationError as error:
                status, refusal = error.status, refusal_words(error)
            else:
                messages.success(request, done)
                return HttpResponseRedirect(question.back)
    way_back = {} if question.row is None else {"opts": question.row._meta, "original": question.row}  # noqa: SLF001 - documented
    parts = {"question": question, "form": form, "refusal": refusal, **way_back}
    return show(request, "admin/confirm.html", question.title, status=status, **parts)


def seen_version(request: HttpRequest) -> int:
    """What the form brought back; -1 if that is nothing of ours."""
    seen = request.POST.get("version", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1


def _act(request: HttpRequest, form: ReasonForm, act: Callable[[Answers, int], str]) -> str:
    with acting(why=form.cleaned_data["reason"]):
        return act(form.cleaned_data, seen_version(request))

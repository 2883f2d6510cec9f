"""The query console, and the log of who asked what."""

import re
from collections.abc import Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.reauthentication import fresh_sign_in
from api.audit.wording import value_in_words
from api.console.answers import as_file, for_page
from api.console.login import NOT_SET_UP, is_set_up
from api.console.models import QueryRun, SavedQuery
from api.console.schema import seen_tables
from api.console.selectors import questions_for, recent_runs_of
from api.console.services import (
    Asked,
    Draft,
    ask_database,
    delete_question,
    may_change,
    may_delete,
    save_question,
    stop_run,
)
from api.console.statements import LONGEST, parameters_of, read_statement, without_texts
from api.exceptions import ApplicationError
from giftflick.admin import NOTHING, ReadOnlyAdmin, StateFilter, moment, named, state
from giftflick.admin_pages import View, page, show

USE, SEE_PERSONAL, TAKE_PERSONAL = "api.use_console", "api.console_pii", "api.export_pii"
RECENT = 20
NOT_TOLD = "Told to those who may see personal data."
VERSION = re.compile(r"[0-9]{1,9}")
PREFIX = "p_"  # of parameters' fields in the form
EXAMPLE = "SELECT id, status, created_at\nFROM api_gift\nORDER BY id DESC\nLIMIT 20"


KINDS = (named("with_pii", "personal data", value_in_words), named("is_download", "as a file", value_in_words))


@admin.register(QueryRun)
class QueryRunAdmin(ReadOnlyAdmin):
    """Who asked what of the database."""

    list_display = [moment("started_at"), "actor", "summary", state("state"), "rows", "ms", *KINDS]
    list_filter = [("state", StateFilter), "with_pii", "is_download"]
    search_fields = ["=actor"]
    search_help_text = "Who asked, such as staff:ada."
    ordering = ["-id"]
    fields = [
        moment("started_at"),
        "actor",
        "asked_question",
        "asked",
        "parameters",
        KINDS,
        (state("state"), "code"),
        ("rows", "cut"),
        "ms",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QueryRun]:
        """Each with whether its statement names somebody whom this reader may see, and its question."""
        runs: QuerySet[QueryRun] = super().get_queryset(request)
        is_mine = Q(user=request.user.pk)
        is_told = Value(True) if request.user.has_perm(SEE_PERSONAL) else is_mine  # noqa: FBT003
        is_named = Q(question__owner=request.user.pk) | Q(question__is_shared=True)
        return runs.select_related("question").annotate(
            is_told=ExpressionWrapper(is_told, output_field=BooleanField()),
            is_named=ExpressionWrapper(is_named, output_field=BooleanField()),
        )

    @admin.display(description="statement")
    def summary(self, run: Any) -> str:
        return in_a_line(self.asked(run))

    @admin.display(description="statement")
    def asked(self, run: Any) -> str:
        if run.is_told:
            return str(run.statement)
        return NOT_TOLD if run.with_pii else without_texts(run.statement)

    @admin.display(description="question")
    def asked_question(self, run: Any) -> str:
        """The name of what one person keeps for themselves is theirs."""
        if run.question is None:
            return NOTHING
        return str(run.question) if run.is_named else "one of their own"


# ---- The page itself, once without personal data and once with.


def _posted(view: View) -> View:
    """What is asked is posted, so that no statement stands in an address.

    Who has just shown once more who they are comes by GET: to the page, which fills in what its script has kept.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST":
            return view(request)
        question = _question(request)
        home = "console_personal" if "/personal/" in request.path else "console"
        page = reverse(f"admin:{home}_question", args=[question.pk]) if question else reverse(f"admin:{home}")
        return redirect(f"{page}#kept")

    return guarded


@page("console/", name="console", permission=USE)
def console(request: HttpRequest) -> HttpResponse:
    return _console(request, with_pii=False)


@page("console/personal/", name="console_personal", permission=SEE_PERSONAL)
@fresh_sign_in
def console_personal(request: HttpRequest) -> HttpResponse:
    return _console(request, with_pii=True)


@page("console/questions/<uuid:pk>/", name="console_question", permission=USE)
def console_question(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A question's own address. One that reads personal data is opened where that is shown, by whoever may see it."""
    question = _question_or_404(request, pk)
    if question.needs_pii and request.user.has_perm(SEE_PERSONAL):
        return redirect("admin:console_personal_question", pk=pk)
    return _console(request, with_pii=False, question=question)


@page("console/personal/questions/<uuid:pk>/", name="console_personal_question", permission=SEE_PERSONAL)
@fresh_sign_in
def console_personal_question(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _console(request, with_pii=True, question=_question_or_404(request, pk))


@page("console/run/", name="console_run", permission=USE)
@_posted
def console_run(request: HttpRequest) -> HttpResponse:
    return _run(request, with_pii=False)


@page("console/personal/run/", name="console_personal_run", permission=SEE_PERSONAL)
@_posted
@fresh_sign_in
def console_personal_run(request: HttpRequest) -> HttpResponse:
    return _run(request, with_pii=True)


@page("console/download/", name="console_download", permission=USE)
@_posted
def console_download(request: HttpRequest) -> HttpResponseBase:
    return _download(request, with_pii=False)


@page("console/personal/download/", name="console_personal_download", permission=SEE_PERSONAL)
@_posted
@fresh_sign_in
def console_personal_download(request: HttpRequest) -> HttpResponseBase:
    """A file leaves the house: that needs what each export of personal data needs."""
    if not request.user.has_perm(TAKE_PERSONAL):
        raise PermissionDenied(f"This needs the permission {TAKE_PERSONAL}.")
    return _download(request, with_pii=True)


@page("console/stop/", name="console_stop", permission=USE)
@require_POST
def console_stop(request: HttpRequest) -> HttpResponse:
    """Answers with a line of text, for the page's script."""
    try:
        told = stop_run(_user(request), now=timezone.now())
    except ApplicationError as refusal:
        return HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain")
    text = "Stopped." if told else "It has not begun yet: press Stop again."
    return HttpResponse(text, content_type="text/plain")


@page("console/fields/", name="console_fields", permission=USE)
@require_POST
def console_fields(request: HttpRequest) -> HttpResponse:
    """The fields for a statement's parameters, while it is being written."""
    return render(request, "admin/console_fields.html", {"fields": _fields(request.POST)})


@page("console/keep/", name="console_keep", permission=USE)
@require_POST
def console_keep(request: HttpRequest) -> HttpResponse:
    """Keep the statement as a question: a new one, or the opened one's new version."""
    given = request.POST
    question = None if "copy" in given else _question(request)
    draft = Draft(
        name=given.get("name", ""),
        sql=_statement(given),
        description=given.get("description", ""),
        is_shared="is_shared" in given,
        needs_pii="needs_pii" in given,
    )
    version = given.get("version", "")
    try:
        kept = save_question(
            _user(request),
            draft,
            question=question,
            version=int(version) if VERSION.fullmatch(version) else 0,
            now=timezone.now(),
        )
    except ApplicationError as refusal:
        messages.error(request, refusal.detail)
        return _console(request, with_pii=False, question=question, status=refusal.status)
    messages.success(request, f"“{kept.name}” is kept.")
    return redirect("admin:console_question", pk=kept.pk)


@page("console/questions/<uuid:pk>/delete/", name="console_question_delete", permission=USE)
def console_question_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    question = _question_or_404(request, pk)
    if not may_delete(question, _user(request)):
        raise PermissionDenied("This question is somebody else's, or comes with Giftflick: it stays.")
    if request.method != "POST":
        title = f"Delete “{question.name}”?"
        return show(request, "admin/console_delete.html", title, question=question)
    try:
        delete_question(_user(request), question, now=timezone.now())
    except ApplicationError as refusal:
        messages.error(request, refusal.detail)
        return redirect("admin:console_question", pk=pk)
    messages.success(request, f"“{question.name}” is deleted.")
    return redirect("admin:console")


# ---- What they have in common.


def in_a_line(statement: str) -> str:
    """As much of it as names it."""
    line = " ".join(statement.split())
    return line if len(line) <= 100 else f"{line[:99]}…"


def _run(request: HttpRequest, *, with_pii: bool) -> HttpResponse:
    """The whole page, or for its script the answer alone."""
    found = _ask(request, with_pii=with_pii, is_download=False)
    if request.headers.get("X-Part") == "answer":
        return render(request, "admin/console_answer.html", found)
    return _console(request, with_pii=with_pii, question=_question(request), **found)


def _download(request: HttpRequest, *, with_pii: bool) -> HttpResponseBase:
    """The answer to a question that is asked anew, as a file; what goes wrong is told on the page."""
    found = _ask(request, with_pii=with_pii, is_download=True)
    told = found.get("told")
    if told is None or told.answer is None:
        return _console(request, with_pii=with_pii, question=_question(request), **found)
    return as_file(told.answer, f"{told.run.started_at:%Y%m%d-%H%M%S}")


def _ask(request: HttpRequest, *, with_pii: bool, is_download: bool) -> dict[str, Any]:
    question = _question(request)
    asked = Asked(
        statement=_statement(request.POST),
        given=_given(request.POST.dict()),
        question=question,
        with_pii=with_pii,
        is_download=is_download,
    )
    try:
        told = ask_database(_user(request), asked, now=timezone.now())
    except ApplicationError as refusal:
        return {"refusal": " ".join(error.detail for error in refusal.errors) or refusal.detail}
    return {"told": told, "shown": for_page(told.answer) if told.answer else None}


def _console(
    request: HttpRequest, *, with_pii: bool, question: SavedQuery | None = None, status: int | None = None, **found: Any
) -> HttpResponse:
    user = _user(request)
    given = request.POST
    statement = _statement(given) if "statement" in given else question.sql if question else ""
    prefix = "admin:console_personal" if with_pii else "admin:console"
    about = f"?question={question.pk}" if question else ""  # to come back to it by GET
    context = {
        "question": question,
        "may_change": question is not None and may_change(question, user),
        "may_delete": question is not None and may_delete(question, user),
        "name": given.get("name", question.name if question else ""),
        "description": given.get("description", question.description if question else ""),
        "statement": statement,
        "example": EXAMPLE,
        "longest": LONGEST,
        "fields": _fields(given or {"statement": statement}),
        "with_pii": with_pii,
        "may_see_personal": user.has_perm(SEE_PERSONAL),
        "may_download": not with_pii or user.has_perm(TAKE_PERSONAL),
        "not_set_up": "" if is_set_up() else NOT_SET_UP,
        "run_url": reverse(f"{prefix}_run") + about,
        "download_url": reverse(f"{prefix}_download") + about,
        "questions": questions_for(user),
        "tables": seen_tables(with_pii=with_pii),
        "recent": [(run, in_a_line(run.statement)) for run in recent_runs_of(user, limit=RECENT)],
    }
    title = "Query console"
    return show(request, "admin/console.html", title, status=status, **context, **found)


def _fields(given: Any) -> list[dict[str, Any]]:
    """Parameters with what was filled in, else with their defaults."""
    statement = read_statement(_statement(given))
    return [
        {
            "parameter": parameter,
            "name": f"{PREFIX}{parameter.name}",
            "value": given.get(f"{PREFIX}{parameter.name}", parameter.default),
        }
        for parameter in parameters_of(statement)
    ]


def _statement(given: Any) -> str:
    return str(given.get("statement", ""))[: LONGEST + 1].replace("\r\n", "\n")


def _given(given: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PREFIX): value for name, value in given.items() if name.startswith(PREFIX)}


def _question(request: HttpRequest) -> SavedQuery | None:
    """The one that is open, if the form names one that the person may see."""
    try:
        pk = UUID(request.POST.get("question") or request.GET.get("question") or "")
    except ValueError:
        return None
    return questions_for(_user(request)).filter(pk=pk).first()


def _question_or_404(request: HttpRequest, pk: UUID) -> SavedQuery:
    question = questions_for(_user(request)).filter(pk=pk).first()
    if question is None:
        raise Http404
    return question


def _user(request: HttpRequest) -> Any:
    if not request.user.has_perm(USE):  # who may see personal data here may use the console in the first place
        raise PermissionDenied(f"This page needs the permission {USE}.")
    return request.user

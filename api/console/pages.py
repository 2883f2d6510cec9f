"""The query console: one page, which asks, keeps questions and stops, once without personal data and once with."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.reauthentication import fresh_sign_in
from api.console.answers import as_file, for_page
from api.console.login import NOT_SET_UP, is_set_up
from api.console.models import SavedQuery
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
from api.console.statements import LONGEST, in_a_line, parameters_of, read_statement
from api.exceptions import ApplicationError, refusal_words
from giftflick.admin_pages import View, page, show

USE, SEE_PERSONAL, TAKE_PERSONAL = "api.use_console", "api.console_pii", "api.export_pii"
PLAIN, PERSONAL = "admin:console", "admin:console_personal"
RECENT = 20
VERSION = re.compile(r"[0-9]{1,9}")
PREFIX = "p_"  # of parameters' fields in the form
EXAMPLE = "SELECT id, status, created_at\nFROM api_gift\nORDER BY id DESC\nLIMIT 20"


def both(route: str, name: str, *, posted: bool = False) -> Callable[[View], View]:
    """Serve a view twice: without personal data, and with it for who may see that and has just signed in."""

    def register(view: View) -> View:
        for with_pii, prefix, permission in ((False, "console", USE), (True, "console/personal", SEE_PERSONAL)):
            served: View = partial(view, with_pii=with_pii)
            served = fresh_sign_in(served) if with_pii else served
            served = _posted(served, with_pii=with_pii) if posted else served
            page(f"{prefix}/{route}", name=f"{prefix.replace('/', '_')}{name}", permission=permission)(served)
        return view

    return register


def _posted(view: View, *, with_pii: bool) -> View:
    """What is asked is posted, so that no statement stands in an address.

    Who has just shown once more who they are comes by GET: to the page, which fills in what its script has kept.
    """

    def guarded(request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST":
            return view(request)
        question = _question(request)
        home = PERSONAL if with_pii else PLAIN
        address = reverse(f"{home}_question", args=[question.pk]) if question else reverse(home)
        return redirect(f"{address}#kept")

    return guarded


@both("", "")
def console(request: HttpRequest, *, with_pii: bool) -> HttpResponse:
    return _console(request, with_pii=with_pii)


@both("questions/<uuid:pk>/", "_question")
def open_question(request: HttpRequest, pk: UUID, *, with_pii: bool) -> HttpResponseBase:
    """A question's own address. One that reads personal data is opened where that is shown, by whoever may see it."""
    question = _question_or_404(request, pk)
    if question.needs_pii and not with_pii and request.user.has_perm(SEE_PERSONAL):
        return redirect(f"{PERSONAL}_question", pk=pk)
    return _console(request, with_pii=with_pii, question=question)


@both("run/", "_run", posted=True)
def run(request: HttpRequest, *, with_pii: bool) -> HttpResponse:
    """The whole page, or for its script the answer alone."""
    found = _ask(request, with_pii=with_pii, is_download=False)
    if request.headers.get("X-Part") == "answer":
        return render(request, "admin/console_answer.html", found)
    return _console(request, with_pii=with_pii, question=_question(request), **found)


@both("download/", "_download", posted=True)
def download(request: HttpRequest, *, with_pii: bool) -> HttpResponseBase:
    """The answer to a question that is asked anew, as a file; what goes wrong is told on the page.

    A file with personal data leaves the house: that needs what each export of them needs.
    """
    if with_pii and not request.user.has_perm(TAKE_PERSONAL):
        raise PermissionDenied(f"This needs the permission {TAKE_PERSONAL}.")
    found = _ask(request, with_pii=with_pii, is_download=True)
    told = found.get("told")
    if told is None or told.answer is None:
        return _console(request, with_pii=with_pii, question=_question(request), **found)
    return as_file(told.answer, f"{told.run.started_at:%Y%m%d-%H%M%S}")


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
        return {"refusal": refusal_words(refusal)}
    return {"told": told, "shown": for_page(told.answer) if told.answer else None}


def _console(
    request: HttpRequest, *, with_pii: bool, question: SavedQuery | None = None, status: int | None = None, **found: Any
) -> HttpResponse:
    user = _user(request)
    given = request.POST
    statement = _statement(given) if "statement" in given else question.sql if question else ""
    home = PERSONAL if with_pii else PLAIN
    about = f"?question={question.pk}" if question else ""  # to come back to it by GET
    context = {
        "question": question,
        "version": given.get("version", "") if "statement" in given else question.version if question else "",
        "may_change": question is not None and may_change(question, user),
        "may_delete": question is not None and may_delete(question, user),
        "is_shared": _ticked(given, "is_shared", question is not None and question.is_shared),
        "needs_pii": _ticked(given, "needs_pii", with_pii or (question is not None and question.needs_pii)),
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
        "run_url": reverse(f"{home}_run") + about,
        "download_url": reverse(f"{home}_download") + about,
        "questions": questions_for(user),
        "tables": seen_tables(with_pii=with_pii),
        "recent": [(run, in_a_line(run.statement)) for run in recent_runs_of(user, limit=RECENT)],
    }
    title = "Query console"
    return show(request, "admin/console.html", title, status=status, **context, **found)


def _ticked(given: Any, name: str, otherwise: bool) -> bool:  # noqa: FBT001 - what stood there before
    """A form says nothing of a box without a tick."""
    return name in given if "name" in given else otherwise


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

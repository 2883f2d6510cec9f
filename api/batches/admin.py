"""The batches for whoever started one, or wonders what became of it."""

import csv
import zlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from api.batches.models import Batch, BatchItem
from api.batches.registry import Kind, known_kind, known_kinds
from api.batches.selectors import all_items, has_job, items_in, newest_batches
from api.batches.services import cancel_batch
from api.batches.sheets import safe_cell
from api.batches.states import OPEN, BatchState, ItemState
from giftflick.admin_confirm import Answers, Question, ask
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show, uuid_of

A_PAGE = 50
SHOWN_DONE = 10
BOM = "\ufeff"  # Excel takes the file for Latin-1 without it
TONES = {
    BatchState.QUEUED: "info",
    BatchState.RUNNING: "info",
    BatchState.DONE: "good",
    BatchState.CANCELED: "warn",
}


@page("batches/", name="batches", permission="api.view_batch")
def batches(request: HttpRequest) -> HttpResponse:
    """The newest first, fifty a page."""
    before = uuid_of(request.GET.get("before", ""))
    kinds = None if request.user.is_superuser else [kind.name for kind in known_kinds() if _may_look(request, kind)]
    found = list(newest_batches(before=before, kinds=kinds)[: A_PAGE + 1])
    older = found[A_PAGE - 1].pk if len(found) > A_PAGE else None
    rows = [(batch, _progress(batch)) for batch in found[:A_PAGE]]
    return show(request, "admin/batches_list.html", "Batches", rows=rows, older=older, is_first=before is None)


@page("batches/<uuid:pk>/", name="batch", permission="api.view_batch")
def batch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is. With `?part=progress`, only what changes: the page's script asks for it every other second."""
    shown = _allowed_batch(request, pk)
    failed = list(items_in(pk, ItemState.FAILED)[: A_PAGE + 1])
    done = list(items_in(pk, ItemState.DONE).order_by("-position")[:SHOWN_DONE])
    context: dict[str, Any] = {
        "batch": shown,
        "progress": _progress(shown),
        "failed": [(item, _row_link(shown, item)) for item in failed[:A_PAGE]],
        "has_more_failed": len(failed) > A_PAGE,
        "done": [(item, _row_link(shown, item)) for item in done],
        "is_stuck": shown.state in OPEN and not has_job(pk),
        "may_cancel": shown.state in OPEN and _may_cancel(request, shown),
    }
    template = "admin/batches_progress.html" if request.GET.get("part") == "progress" else "admin/batches_batch.html"
    return show(request, template, shown.title, **context)


@page("batches/<uuid:pk>/cancel/", name="batch_cancel", permission="api.view_batch")
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then calls off what has not had its turn."""
    shown = _allowed_batch(request, pk)
    if not _may_cancel(request, shown):
        raise PermissionDenied("Only who started a batch, or may start one like it, can cancel it.")

    def act(_answers: Answers, _version: int) -> str:
        cancel_batch(pk, actor=actor_of(request), now=timezone.now())
        return "The rest is canceled. What was done before stays done."

    left = shown.total - shown.done_count - shown.failed_count
    says = [
        f"About {left:,} of {shown.total:,} rows have not had their turn: they stay as they are.",
        "What is done already stays done.",
    ]
    back = reverse("admin:batch", args=[pk])
    return ask(request, Question("Cancel the rest", shown.title, says, "Cancel the rest", back, is_dangerous=True), act)


@page("batches/<uuid:pk>/result.csv", name="batch_result", permission="api.view_batch")
def result(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One line an item, as far as the batch is."""
    shown = _allowed_batch(request, pk)
    kind = known_kind(shown.kind)
    is_hidden = (kind is None or kind.is_personal) and not request.user.has_perm("api.export_pii")
    lines = _lines(shown, has_labels=not is_hidden)
    headers = {"Content-Disposition": f'attachment; filename="batch-{shown.pk}.csv"', "Cache-Control": "no-store"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):  # a function's answer may have 6 MB
        lines, headers["Content-Encoding"] = _packed(lines), "gzip"
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _lines(shown: Batch, *, has_labels: bool) -> Iterator[bytes]:
    write = csv.writer(_Echo()).writerow
    yield (BOM + str(write(["ref", "label", "outcome", "detail"]))).encode()
    for item in all_items(shown.pk):
        cells = [item.ref_id, item.label if has_labels else "", item.state, item.detail]
        yield str(write([safe_cell(cell) for cell in cells])).encode()


def _packed(lines: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for line in lines:
        if packed := packer.compress(line):
            yield packed
    yield packer.flush()


def _progress(shown: Batch) -> dict[str, Any]:
    ended = shown.done_count + shown.failed_count
    return {
        "ended": ended,
        "left": shown.total - ended,
        "percent": 100 * ended // shown.total if shown.total else 100,
        "is_open": shown.state in OPEN,
        "tone": "warn" if shown.state == BatchState.DONE and shown.failed_count else TONES[BatchState(shown.state)],
    }


def _row_link(shown: Batch, item: BatchItem) -> str:
    """Empty if there is no page of that row."""
    kind = known_kind(shown.kind)
    if kind is None or not kind.row_page or not item.ref_id:
        return ""
    try:
        return reverse(kind.row_page, args=[item.ref_id])
    except NoReverseMatch:
        return ""


def _may_cancel(request: HttpRequest, shown: Batch) -> bool:
    kind = known_kind(shown.kind)
    is_own = shown.created_by == actor_of(request)
    return is_own or request.user.has_perm(kind.permission if kind else "")  # nobody but a superuser has that one


def _may_look(request: HttpRequest, kind: Kind | None) -> bool:
    """What nobody knows any more, only a superuser may see."""
    if kind is None:
        return request.user.is_superuser
    return not kind.look or request.user.has_perm(kind.look)


def _allowed_batch(request: HttpRequest, pk: UUID) -> Batch:
    """Raises Http404, or PermissionDenied where they may not see what it is about."""
    found = Batch.objects.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no batch with this id.")
    if not _may_look(request, known_kind(found.kind)):
        raise PermissionDenied("This batch is about something that you may not see.")
    return found

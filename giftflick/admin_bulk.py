"""Bulk actions: what is chosen in a list, also across all its pages, becomes a batch, once somebody has said why."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from uuid6 import uuid7

from api import actors
from api.batches.services import LARGEST, ItemIn, start_batch
from api.exceptions import ApplicationError
from giftflick.admin_pages import show

READ_AT_ONCE = 1_000
LONGEST_REASON = 500

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def bulk_action(
    kind: str,
    *,
    label: str,
    consequence: str,
    permission: str,
    ref: str = "pk",
    label_by: str = "",
    is_dangerous: bool = False,
) -> Action:
    """An action of a list that starts a batch of this kind: one item a row, about what its field `ref` points to.

    `permission` is one of the page's own (`has_{permission}_permission`); `label_by` is the field that names a row.
    """

    @admin.action(description=label, permissions=[permission])
    def ask_and_start(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        rows = rows.order_by().select_related(None)
        upto = request.POST.get("upto") or str(rows.order_by("-pk").values_list("pk", flat=True).first() or "")
        if upto:
            rows = rows.filter(pk__lte=upto)  # what comes in while somebody thinks is not meant
        count = rows[: LARGEST + 1].count()
        if count == 0:
            messages.warning(request, "Nothing is left of what you chose: nothing was done.")
            return None
        if count > LARGEST:
            messages.error(
                request,
                f"That is more than {LARGEST:,} {page.opts.verbose_name_plural}, too many for one batch: "
                "filter them first, for instance by day. Nothing was done.",
            )
            return None
        reason = request.POST.get("reason", "").strip()[:LONGEST_REASON]
        problem = _problem(request, count, reason)
        if "confirmed" not in request.POST or problem:
            told = {"label": label, "consequence": consequence, "is_dangerous": is_dangerous, "count": count}
            return _ask(page, request, problem=problem, reason=reason, upto=upto, **told)
        try:
            batch = start_batch(
                kind,
                title=f"{label}: {count:,} {page.opts.verbose_name if count == 1 else page.opts.verbose_name_plural}",
                items=_items(rows, ref=ref, label_by=label_by),
                actor=actors.staff(request.user.get_username()),
                why=reason,
                now=timezone.now(),
                batch_id=_uuid(request.POST.get("token", "")),
            )
        except ApplicationError as refusal:
            messages.error(request, refusal.detail)
            return None
        return redirect("admin:batch", pk=batch.pk)

    ask_and_start.__name__ = kind.partition(".")[2]
    return ask_and_start


def _problem(request: HttpRequest, count: int, reason: str) -> str:
    if "confirmed" not in request.POST:
        return ""
    if not reason:
        return "Say why: the reason stands in the audit log, with each row."
    if request.POST.get("count") != str(count):
        return "It is another number of rows by now, because some have changed. Look again."
    return ""


def _ask(page: Any, request: HttpRequest, **told: Any) -> HttpResponse:
    name = page.opts.verbose_name if told["count"] == 1 else page.opts.verbose_name_plural
    context = {
        **told,
        "name": name,
        "opts": page.opts,
        "action": request.POST.get("action", ""),
        "select_across": request.POST.get("select_across", ""),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
        "token": request.POST.get("token") or uuid7(),
    }
    return show(request, "admin/bulk_confirm.html", str(told["label"]), **context)


def _items(rows: QuerySet[Any], *, ref: str, label_by: str) -> Iterator[ItemIn]:
    """By their keys, a thousand at a time; what several rows point to once."""
    fields: Sequence[str] = ["pk", ref, *([label_by] if label_by else [])]
    rows = rows.order_by("pk")
    last, seen = None, set[str]()
    while some := list((rows if last is None else rows.filter(pk__gt=last)).values_list(*fields)[:READ_AT_ONCE]):
        for _, ref_id, *label in some:
            if ref_id is not None and str(ref_id) not in seen:
                seen.add(str(ref_id))
                yield ItemIn(str(ref_id), label=str(label[0]) if label else "")
        last = some[-1][0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

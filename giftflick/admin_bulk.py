"""Bulk actions: what is chosen in a list, also across all its pages, becomes a batch, once somebody has said why."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from uuid6 import uuid7

from accounts.reauthentication import fresh_sign_in
from api.batches.services import LARGEST, ItemIn, start_batch
from api.exceptions import ApplicationError, refusal_words
from giftflick.admin_confirm import ReasonForm
from giftflick.admin_door import actor_of
from giftflick.admin_pages import show, uuid_of

READ_AT_ONCE = 1_000
CHOOSE_AGAIN = "Nothing was done yet. Once you have shown who you are, choose the rows again."

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponseBase]


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
    What `is_dangerous` asks for password and code again, as a single row's page does.
    """
    deed = Deed(kind, label, consequence, ref, label_by, is_dangerous)

    def ask_and_start(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase:
        return _answer(deed, page, request, rows)

    ask_and_start.__name__ = kind.partition(".")[2]
    guarded = fresh_sign_in(ask_and_start, again=CHOOSE_AGAIN) if is_dangerous else ask_and_start
    return admin.action(description=label, permissions=[permission])(guarded)


@dataclass(frozen=True)
class Deed:
    kind: str
    label: str
    consequence: str
    ref: str
    label_by: str
    is_dangerous: bool


def _answer(deed: Deed, page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
    """Ask, and once that was confirmed, start; else back to the list with words."""
    rows = rows.order_by().select_related(None)
    upto = request.POST.get("upto") or str(rows.order_by("-pk").values_list("pk", flat=True).first() or "")
    if upto:
        rows = rows.filter(pk__lte=upto)  # what comes in while somebody thinks is not meant
    count = rows[: LARGEST + 1].count()
    if count == 0:
        messages.warning(request, "Nothing is left of what you chose: nothing was done.")
        return redirect(request.get_full_path())
    if count > LARGEST:
        messages.error(
            request,
            f"That is more than {LARGEST:,} {page.opts.verbose_name_plural}, too many for one batch: "
            "filter them first, for instance by day. Nothing was done.",
        )
        return redirect(request.get_full_path())
    is_answered = "confirmed" in request.POST
    form = ReasonForm(request.POST if is_answered else None, label_suffix="")
    is_another = is_answered and request.POST.get("count") != str(count)
    if not form.is_valid() or is_another:
        return _ask(deed, page, request, form=form, count=count, upto=upto, is_another=is_another)
    title = f"{deed.label}: {count:,} {_name(page, count)}"
    return _start(deed, request, rows, title=title, why=form.cleaned_data["reason"])


def _ask(deed: Deed, page: Any, request: HttpRequest, **told: Any) -> HttpResponse:
    context = {
        **told,
        "deed": deed,
        "name": _name(page, told["count"]),
        "opts": page.opts,
        "action": request.POST.get("action", ""),
        "select_across": request.POST.get("select_across", ""),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
        "token": request.POST.get("token") or uuid7(),
    }
    return show(request, "admin/bulk_confirm.html", deed.label, **context)


def _start(deed: Deed, request: HttpRequest, rows: QuerySet[Any], *, title: str, why: str) -> HttpResponse:
    try:
        batch = start_batch(
            deed.kind,
            title=title,
            items=_items(rows, ref=deed.ref, label_by=deed.label_by),
            actor=actor_of(request),
            why=why,
            now=timezone.now(),
            batch_id=uuid_of(request.POST.get("token", "")),
        )
    except ApplicationError as refusal:
        messages.error(request, refusal_words(refusal))
        return redirect(request.get_full_path())
    return redirect("admin:batch", pk=batch.pk)


def _name(page: Any, count: int) -> str:
    return str(page.opts.verbose_name if count == 1 else page.opts.verbose_name_plural)


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

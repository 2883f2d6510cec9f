"""The form that takes a file or pasted rows, wherever it stands, and what is refused before it is read."""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect

from accounts.reauthentication import ask_who
from api.exceptions import ApplicationError, BackendError, NotFoundError, UnavailableError
from api.sheets import services
from api.sheets.kinds import SheetKind, kind_called
from api.sheets.limits import MAX_BYTES, MAX_POSTED, MB
from api.sheets.models import Sheet
from api.sheets.reading import Column
from api.sheets.services.receiving import TOO_LARGE, TOO_LARGE_TO_POST
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page

ENVELOPE = 64 * 1024  # what stands around a file in a form
MAX_PASTED = 200_000  # bytes that a form's field may have; the page's script sends longer ones as a file
AWAY = "The file could not be put where files lie for a week. Upload it again in a minute; nothing was taken in."
TOO_MUCH_PASTED = "That is more than can be pasted without JavaScript. Save the rows as a file and upload that."

Answer = Callable[..., HttpResponseBase]


class UploadForm(forms.Form):
    file = forms.FileField(
        required=False, label="File", help_text="CSV in UTF-8 or UTF-16 with commas, semicolons or tabs; or XLSX."
    )
    rows = forms.CharField(
        required=False,
        strip=False,
        label="Or paste rows from a spreadsheet",
        help_text="With the row of the columns' names at the top.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "gf-mono"}),
    )
    uploaded = forms.UUIDField(required=False, widget=forms.HiddenInput)


def at_the_door(view: Answer, *, refuse: Answer) -> Answer:
    """Around a view that takes a file: what is too large by its own word is refused unread, in words.

    CSRF is checked inside, as that reads the form.
    """
    protected = csrf_protect(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        said = request.META.get("CONTENT_LENGTH") or "0"
        size = int(said) if said.isdecimal() else 0
        if size > MAX_POSTED + ENVELOPE:
            words = TOO_LARGE if size > MAX_BYTES + ENVELOPE else TOO_LARGE_TO_POST
            return refuse(request, *args, words=words, status=413, **kwargs)
        try:
            return protected(request, *args, **kwargs)
        except RequestDataTooBig:
            return refuse(request, *args, words=TOO_MUCH_PASTED, status=413, **kwargs)

    guarded.csrf_exempt = True  # type: ignore[attr-defined]
    return guarded


def received(request: HttpRequest, kind: SheetKind, *, scope_id: UUID | None = None) -> Sheet:
    """The sheet that the posted form holds, read and checked as far as it is small. Raises ApplicationError."""
    form, now = UploadForm(request.POST, request.FILES), timezone.now()
    if not form.is_valid():
        raise ApplicationError(" ".join(str(words) for field in form.errors.values() for words in field))
    file, rows, uploaded = (form.cleaned_data[name] for name in ("file", "rows", "uploaded"))
    options: Any = {"scope_id": scope_id, "actor": actor_of(request), "now": now}
    try:
        if uploaded is not None:
            sheet = services.finish_upload(uploaded, kind, **options)
        elif file:
            sheet = services.receive_file(kind, file, size=file.size, **options)
        elif rows.strip():
            data = rows.encode("utf-8", "surrogatepass")
            sheet = services.receive_file(kind, io.BytesIO(data), size=len(data), **options)
        else:
            raise ApplicationError("Choose a file, or paste rows.")
    except BackendError:
        raise UnavailableError(AWAY) from None
    return services.check_small(sheet, now=now)


def upload_context(kind: SheetKind, scope_id: UUID | None = None) -> dict[str, Any]:
    """What the form's template needs."""
    query = f"?scope={scope_id}" if scope_id else ""
    return {
        "form": UploadForm(),
        "columns": kind.columns(scope_id),
        "kind": kind,
        "begin_url": reverse("admin:sheet_begin", args=[kind.name]) + query,
        "empty_csv": reverse("admin:sheet_empty", args=[kind.name, "csv"]) + query,
        "empty_xlsx": reverse("admin:sheet_empty", args=[kind.name, "xlsx"]) + query,
        "max_posted": MAX_POSTED,
        "max_pasted": MAX_PASTED,
        "max_bytes": MAX_BYTES,
        "max_posted_mb": MAX_POSTED // MB,
        "max_mb": MAX_BYTES // MB,
    }


@page("imports/<slug:name>/begin/", name="sheet_begin", permission=None)
def begin(request: HttpRequest, name: str) -> HttpResponse:
    """For the page's script: where to put a file of so many bytes."""
    kind = allowed_kind(request, name)
    scope_id = scope_of(request, kind)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    columns_of(kind, scope_id)
    said = request.POST.get("size", "")
    try:
        sheet, address = services.begin_upload(
            kind,
            size=int(said) if said.isdecimal() and len(said) < 16 else 0,
            scope_id=scope_id,
            actor=actor_of(request),
            now=timezone.now(),
        )
    except ApplicationError as refusal:
        return JsonResponse({"detail": refusal.detail}, status=refusal.status)
    return JsonResponse({"id": str(sheet.pk), "url": address})


def download_again(request: HttpRequest, *, back: str) -> HttpResponse:
    """Ask who it is first. A browser lets no form lead to another site, as a file in the bucket is: so the way leads
    back to the page with the button.
    """
    messages.info(request, "Please choose the file again to download it.")
    return ask_who(back=back)


def allowed_kind(request: HttpRequest, name: str) -> SheetKind:
    """Raises Http404 for a kind that nobody knows, PermissionDenied for one that is not theirs."""
    try:
        kind = kind_called(name)
    except KeyError:
        raise Http404 from None
    if not request.user.has_perm(kind.permission):
        raise PermissionDenied(f"This page needs the permission {kind.permission}.")
    return kind


def columns_of(kind: SheetKind, scope_id: UUID | None) -> Sequence[Column]:
    """Raises Http404 for rows that would belong to nothing."""
    try:
        return kind.columns(scope_id)
    except (ObjectDoesNotExist, NotFoundError):
        raise Http404 from None


def scope_of(request: HttpRequest, kind: SheetKind) -> UUID | None:
    if not kind.has_scope:
        return None
    try:
        return UUID(request.GET["scope"])
    except (KeyError, ValueError):
        return None

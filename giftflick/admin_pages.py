"""The admin's own pages: those that are no model's. A capability's `admin.py` registers them by being imported."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

View = Callable[..., HttpResponseBase]

_pages: dict[str, "_Page"] = {}


@dataclass(frozen=True)
class _Page:
    route: str
    name: str
    view: View
    permission: str | None


def page(route: str, *, name: str, permission: str | None) -> Callable[[View], View]:
    """Serve a view at `/admin/{route}` under the name `admin:{name}`, for whoever has the permission.

    `None` is everybody who may sign in. Who may not is refused with 403.
    """

    def register(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if permission is not None and not request.user.has_perm(permission):
                raise PermissionDenied(f"This page needs the permission {permission}.")
            return view(request, *args, **kwargs)

        _pages[name] = _Page(route, name, guarded, permission)
        return view

    return register


def permission_of(name: str) -> str | None:
    """What one of these pages needs; nothing for any other page."""
    return _pages[name].permission if name in _pages else None


def uuid_of(text: str) -> UUID | None:
    """An id that an address or a form holds; None if that is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def page_urls(wrap: Callable[[View], View]) -> list[URLPattern]:
    return [path(known.route, wrap(known.view), name=known.name) for known in _pages.values()]


def show(request: HttpRequest, template: str, title: str, *, status: int | None = None, **context: Any) -> HttpResponse:
    """A page in the admin's frame."""
    framed = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, framed, status=status)

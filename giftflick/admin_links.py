"""Links to pages that somebody may not open are words to them: texts are written for everybody."""

import re
from typing import TYPE_CHECKING, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve, reverse

from giftflick.admin_pages import permission_of

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

LINK = re.compile(r'<a\b[^>]*?\bhref="(/admin/[^"#?]*)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)


Response = TypeVar("Response", bound="HttpResponseBase")


def close_links(request: HttpRequest, response: Response) -> Response:
    """Once a page is rendered, leave only the words of links that would be refused."""
    if not isinstance(response, TemplateResponse):
        return response

    def words_only(match: "re.Match[str]") -> str:
        return match[0] if may_open(request, match[1]) else match[2]

    def close(rendered: "HttpResponse") -> None:
        rendered.content = LINK.sub(words_only, rendered.content.decode()).encode()

    response.add_post_render_callback(close)
    return response


def page_of(row: Model) -> str:
    """The address of a row's own page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])  # noqa: SLF001 - documented


def may_open(request: HttpRequest, path: str) -> bool:
    """Whether the page at this path of the admin would show itself."""
    try:
        name = resolve(path).url_name or ""
    except Resolver404:
        return False
    for model, shown_by in admin.site._registry.items():  # noqa: SLF001 - Django lists them nowhere else
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"  # noqa: SLF001
        if name.startswith(prefix):
            page = name.removeprefix(prefix)
            return shown_by.has_add_permission(request) if page == "add" else shown_by.has_view_permission(request)
    permission = permission_of(name)
    return permission is None or request.user.has_perm(permission)

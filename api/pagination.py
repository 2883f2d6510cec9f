"""Cursor pagination: a page costs the same at any depth."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from api.exceptions import InvalidFieldError

LIMIT = re.compile(r"[1-9]\d{0,2}")


class NewestFirstPagination(CursorPagination):
    """Ids are UUIDs of version 7, so newest first is the order of ids, backwards."""

    ordering = "-id"
    page_size = 25
    max_page_size = 100
    page_size_query_param = "limit"
    cursor_query_param = "cursor"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not LIMIT.fullmatch(given) or int(given) > self.max_page_size:
            raise InvalidFieldError("limit", "invalid", f"limit must be a whole number from 1 to {self.max_page_size}.")
        return int(given)

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound as error:
            raise _foreign_cursor() from error

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValidationError as error:  # well-formed, but its position is no id or time
            raise _foreign_cursor() from error


def _foreign_cursor() -> InvalidFieldError:
    return InvalidFieldError("cursor", "invalid", "This cursor is not one of ours; start from the first page.")

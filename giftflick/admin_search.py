"""The search box of a list, looked up by index."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from api.search.found import Found
from api.search.terms import Term, read_term


class SearchByIndex:
    """For a ModelAdmin that says how its rows are found. Django's own `search_fields` would read the whole table."""

    search_fields: Any = ["pk"]  # so that there is a box

    @staticmethod
    def find(term: Term) -> Found:
        raise NotImplementedError

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        term = read_term(search_term)
        return queryset.filter(pk__in=list(self.find(term).what) if term else []), False

"""The search box of a list, looked up by index."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from api.search.found import Found
from api.search.terms import MANY, Term, read_term

if TYPE_CHECKING:
    from giftflick.admin import ModelAdmin as Page
else:
    Page = object

CUT_SEARCH = "giftflick.search_is_cut"  # set on a request
CUT = f"More than {MANY} begin with what you search for: these are not all of them. Search for more of it, or filter."
NOT_ALL = (
    f"More than {MANY} begin with what you search for, and not all of them are in the list: search for more of it, or "
    "filter, before you choose them all. Nothing was done."
)


class SearchByIndex(Page):
    """For a ModelAdmin that says how its rows are found. Django's own `search_fields` would read the whole table.

    Looked for among what the list's filters let through. A list that has not all of them says so.
    """

    search_fields = ("pk",)  # so that there is a box

    @staticmethod
    def find(term: Term, rows: QuerySet[Any]) -> Found:
        raise NotImplementedError

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        answer = super().changelist_view(request, extra_context)
        if request.method == "GET" and _is_cut(request):
            messages.warning(request, CUT)
        return answer

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        if request.POST.get("select_across") == "1" and _is_cut(request):
            messages.error(request, NOT_ALL)
            return None
        return super().response_action(request, queryset, *args, **kwargs)

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        term = read_term(search_term)
        found = self.find(term, queryset) if term else Found()
        request.META[CUT_SEARCH] = found.is_cut
        return queryset.filter(pk__in=list(found.what)), False


def _is_cut(request: HttpRequest) -> bool:
    """Whether the search that this request made found more than it looked at."""
    return bool(request.META.get(CUT_SEARCH))

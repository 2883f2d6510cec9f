"""The log of who asked what; the query console itself is in `pages`."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.http import HttpRequest

from api.audit.wording import value_in_words
from api.console import pages
from api.console.models import QueryRun
from api.console.statements import in_a_line, without_texts
from giftflick.admin import NOTHING, ReadOnlyAdmin, StateFilter, moment, named, state

NOT_TOLD = "Told to those who may see personal data."
KINDS = (named("with_pii", "personal data", value_in_words), named("is_download", "as a file", value_in_words))


@admin.register(QueryRun)
class QueryRunAdmin(ReadOnlyAdmin):
    """Who asked what of the database."""

    list_display = [moment("started_at"), "actor", "summary", state("state"), "rows", "ms", *KINDS]
    list_filter = [("state", StateFilter), "with_pii", "is_download"]
    search_fields = ["=actor"]
    search_help_text = "Who asked, such as staff:ada."
    ordering = ["-id"]
    fields = [
        moment("started_at"),
        "actor",
        "asked_question",
        "asked",
        "parameters",
        KINDS,
        (state("state"), "code"),
        ("rows", "cut"),
        "ms",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QueryRun]:
        """Each with whether its statement names somebody whom this reader may see, and its question."""
        runs: QuerySet[QueryRun] = super().get_queryset(request)
        is_mine = Q(user=request.user.pk)
        is_told = Value(True) if request.user.has_perm(pages.SEE_PERSONAL) else is_mine  # noqa: FBT003
        is_named = Q(question__owner=request.user.pk) | Q(question__is_shared=True)
        return runs.select_related("question").annotate(
            is_told=ExpressionWrapper(is_told, output_field=BooleanField()),
            is_named=ExpressionWrapper(is_named, output_field=BooleanField()),
        )

    @admin.display(description="statement")
    def summary(self, run: Any) -> str:
        return in_a_line(self.asked(run))

    @admin.display(description="statement")
    def asked(self, run: Any) -> str:
        if run.is_told:
            return str(run.statement)
        return NOT_TOLD if run.with_pii else without_texts(run.statement)

    @admin.display(description="question")
    def asked_question(self, run: Any) -> str:
        """The name of what one person keeps for themselves is theirs."""
        if run.question is None:
            return NOTHING
        return str(run.question) if run.is_named else "one of their own"

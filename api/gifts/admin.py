"""Gifts for founders: find one, read its story, and do what a service allows."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse

from api.gifts import bulk
from api.gifts.finding import find_gifts
from api.gifts.models import Gift
from api.gifts.pages.actions import OPERATE
from api.gifts.pages.gift import show_gift
from api.gifts.situations import READY_FILTERS, GiftSituation
from api.viewing.models import Thanks
from giftflick.admin import ReadOnlyAdmin, StateFilter, mode, moment, named, state
from giftflick.admin_bulk import Action, bulk_action
from giftflick.admin_filters import RowFilter
from giftflick.admin_search import SearchByIndex


class ThankedFilter(admin.SimpleListFilter):
    title = "thanked"
    parameter_name = "thanked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [("yes", "yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if self.value() != "yes":
            return queryset
        return queryset.filter(Exists(Thanks.objects.filter(gift=OuterRef("pk"))))


def _action(kind: str, label: str, consequence: str, *, is_dangerous: bool = False) -> Action:
    return bulk_action(
        f"{bulk.KIND}.{kind}",
        label=label,
        consequence=consequence,
        permission="operate",
        label_by="account__name",
        is_dangerous=is_dangerous,
    )


ACTIONS = [
    _action(
        "render_again",
        "Render again",
        "Each gets a new film of what is in it now, which costs a render. A mail that has not left yet waits for it.",
    ),
    _action(
        "resend",
        "Send again",
        "Each recipient gets the mail once more; a gift can be sent again three times a day. One that bounced needs a "
        "corrected address first.",
    ),
    _action("approve", "Approve", "Each that waits for approval is let go: it is sent at its hour, or at once."),
    _action(
        "mark_paid",
        "Mark the order paid",
        "Each that waits for its payment is let go, as if the shop had told that it was paid: sent at its hour, or at "
        "once.",
    ),
    _action(
        "cancel",
        "Cancel and withdraw",
        "Each is called off for good: its film is deleted, and the link in a mail that was sent no longer opens. This "
        "cannot be undone.",
        is_dangerous=True,
    ),
]


@admin.register(Gift)
class GiftAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_gifts)
    list_display = [
        moment("created_at"),
        state("status"),
        named("account", "shop"),
        named("sender_name", "from"),
        named("recipient_name", "to"),
        named("recipient_email", "address"),
        mode(),
    ]
    list_filter = [
        GiftSituation,
        ("status", StateFilter),
        ("account", RowFilter),
        ("template", RowFilter),
        "livemode",
        ("delivery", StateFilter),
        ThankedFilter,
    ]
    list_select_related = ["account"]
    search_help_text = "An id, a watch link, or the beginning of a name, an e-mail address or an order reference."
    ordering = ["-id"]
    ready_filters = READY_FILTERS
    actions = ACTIONS

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The gift's page. Nothing is posted to it: each button has a page of its own."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied("A gift is changed by its buttons only.")
        gift_id = self._id(object_id)
        answer = show_gift(request, gift_id) if gift_id else None
        return answer or super().change_view(request, object_id, form_url, extra_context)

    @staticmethod
    def _id(given: str) -> UUID | None:
        try:
            return UUID(given)
        except ValueError:
            return None

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(OPERATE)

"""Which saved filters somebody sees."""

from django.db.models import Q, QuerySet

from accounts.models import User
from api.saved_filters.models import SavedFilter


def filters_of(model: str, *, user: User) -> QuerySet[SavedFilter]:
    """A list's: their own, and those that others share; with their owners."""
    seen = SavedFilter.objects.filter(Q(owner=user) | Q(is_shared=True), list=model)
    return seen.select_related("owner").order_by("name", "pk")

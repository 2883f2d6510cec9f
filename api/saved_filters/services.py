"""Saving a filter, and dropping it."""

from datetime import datetime

from accounts.models import User
from api.exceptions import ForbiddenError, InvalidFieldError, InvalidStateError
from api.saved_filters.models import LONGEST_QUERY, SavedFilter

AT_MOST = 40  # of one person for one list: more than fit above it helps nobody
DELETE_ANY = "api.delete_savedfilter"


def save_filter(model: str, *, name: str, query: str, is_shared: bool, owner: User, now: datetime) -> SavedFilter:
    """Under a name of their own for the list; saving one of the same name again replaces it."""
    name = " ".join(name.split())
    if not name:
        raise InvalidFieldError("name", "required", "A filter needs a name.")
    if not query or len(query) > LONGEST_QUERY:
        raise InvalidFieldError("query", "invalid", "Choose some filters first; there is nothing to save, or too much.")
    others = SavedFilter.objects.filter(owner=owner, list=model).exclude(name=name)
    if others.count() >= AT_MOST:
        raise InvalidStateError(f"You have {AT_MOST} filters for this list: delete one first.")
    saved, _ = SavedFilter.objects.update_or_create(
        owner=owner,
        list=model,
        name=name,
        defaults={"query": query, "is_shared": is_shared},
        create_defaults={"query": query, "is_shared": is_shared, "created_at": now},
    )
    return saved


def delete_filter(saved: SavedFilter, *, user: User) -> None:
    """One's own; whoever has the permission, anybody's."""
    if not may_delete(saved, user=user):
        raise ForbiddenError("This filter is somebody else's.")
    saved.delete()


def may_delete(saved: SavedFilter, *, user: User) -> bool:
    return saved.owner_id == user.pk or user.has_perm(DELETE_ANY)

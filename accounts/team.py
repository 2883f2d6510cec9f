"""The team: who is in it, in which groups, and what a founder may do for a colleague who is locked out.

Nobody gives more than they have, changes or helps somebody who may more, or makes a superuser; and somebody is always
left who may everything. Groups and what they allow are `accounts.groups`'.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts import lockout
from accounts.groups import FOUNDER, OUR_APPS
from accounts.models import User
from accounts.second_factor import calm, end_sessions, forget_second_factor
from api import actors
from api.audit.services import differences, record
from api.exceptions import ForbiddenError, InvalidFieldError, InvalidStateError

NAME_TAKEN = "A colleague has this name."
ADDRESS_TAKEN = "A colleague has this address."
FIELDS = ("email", "first_name", "last_name", "is_active")


def invite_member(*, username: str, email: str, groups: Iterable[Group], by: User, now: datetime, **names: str) -> User:
    """Somebody new, who cannot sign in before a password is chosen by a mailed link: the caller mails it afterwards.

    Raises ForbiddenError; InvalidFieldError if the name or the address is taken.
    """
    groups = list(groups)
    refuse_to_give(by, groups)
    with transaction.atomic():
        lock_founders()
        refuse_taken_address(email)
        user = _new_user(username, email=email, is_staff=True, password=make_password(None), **names)
        user.groups.set(groups)
        record(
            "member.invited",
            actor=actors.staff(by.get_username()),
            subject=user,
            changes={"name": [None, username], "groups": [None, _names(groups)]},
            now=now,
        )
    return user


def _new_user(username: str, **fields: Any) -> User:
    try:
        with transaction.atomic():
            return User.objects.create(username=username, **fields)
    except IntegrityError:
        raise InvalidFieldError("username", "unique", NAME_TAKEN) from None


def change_member(user: User, *, groups: Iterable[Group], by: User, now: datetime, **fields: Any) -> User:
    """Set the fields and groups that are given. Somebody who is let go is signed out everywhere.

    Raises ForbiddenError, InvalidStateError; InvalidFieldError if the address is taken.
    """
    groups = list(groups)
    with transaction.atomic():
        founders = lock_founders()
        before = User.objects.select_for_update().get(pk=user.pk)
        if (email := fields.get("email", before.email)) != before.email:
            refuse_taken_address(email, by_others_than=user)
        had = list(before.groups.all())
        refuse_to_change(by, before)
        refuse_to_give(by, [group for group in groups if group not in had])
        stays = fields.get("is_active", before.is_active) and (before.is_superuser or FOUNDER in _names(groups))
        if set(founders) <= {user.pk} and founders and not stays:
            raise InvalidStateError("This is the last founder: nobody would be left who may let others in.")
        changes = differences(_facts(before, had), {**_facts(before, groups), **fields})
        if not changes:
            return before
        User.objects.filter(pk=user.pk).update(**fields)
        user.groups.set(groups)
        if not fields.get("is_active", True):
            end_sessions(user)
        record("member.changed", actor=actors.staff(by.get_username()), subject=user, changes=changes, now=now)
    user.refresh_from_db()
    return user


def reset_second_factor(user: User, *, actor: str, by: User | None = None, now: datetime) -> None:
    """For whoever lost the phone and the codes: both are forgotten, and so is the password.

    A password alone must not be enough to set up another phone, so the caller mails a link to choose a new one.
    Raises ForbiddenError.
    """
    if by is not None:
        refuse_to_change(by, user)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(password=make_password(None))
        lockout.unlock(user)  # tries before devices, as where somebody is unlocked
        forget_second_factor(user)
        record("second_factor.reset", actor=actor, subject=user, now=now)
    user.refresh_from_db()


def unlock_member(user: User, *, actor: str, now: datetime) -> None:
    """For whoever typed too many wrong passwords or codes: tries count from nothing again."""
    with transaction.atomic():
        lockout.unlock(user)
        calm(user)
        record("member.unlocked", actor=actor, subject=user, now=now)


def refuse_taken_address(email: str, *, by_others_than: User | None = None) -> None:
    """Raises InvalidFieldError. Final only with the founders locked, as the database has no such rule."""
    others = User.objects.filter(email__iexact=email)
    if by_others_than is not None:
        others = others.exclude(pk=by_others_than.pk)
    if others.exists():
        raise InvalidFieldError("email", "unique", ADDRESS_TAKEN)


def refuse_to_give(by: User, groups: Iterable[Group]) -> None:
    """Raises ForbiddenError for a group that may what `by` may not."""
    own = by.get_all_permissions()
    for group in groups:
        if not _names_of(group.permissions.all()) <= own:
            raise ForbiddenError(f"The group {group.name} may more than you: a founder can add somebody to it.")


def refuse_to_change(by: User, user: User) -> None:
    """Raises ForbiddenError for somebody who may more, of ours, than `by`, or did until they were let go."""
    given = Permission.objects.filter(Q(group__user=user) | Q(user=user), content_type__app_label__in=OUR_APPS)
    if (user.is_superuser and not by.is_superuser) or not _names_of(given) <= by.get_all_permissions():
        raise ForbiddenError("This colleague may more than you: ask a founder.")


def _names_of(permissions: QuerySet[Permission]) -> set[str]:
    named = permissions.order_by().values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in named}


def lock_founders() -> list[int]:
    """Whoever may let others in, by id, locked in this order: before any other row of the team, so that nobody waits
    for who waits for them.
    """
    is_founder = Q(is_superuser=True) | Q(pk__in=User.groups.through.objects.filter(group__name=FOUNDER).values("user"))
    founders = User.objects.filter(is_founder, is_active=True, is_staff=True).order_by("pk")
    return list(founders.select_for_update(of=("self",)).values_list("pk", flat=True))


def _names(groups: Iterable[Group]) -> list[str]:
    return sorted(group.name for group in groups)


def _facts(user: User, groups: Iterable[Group]) -> dict[str, Any]:
    return {**{name: getattr(user, name) for name in FIELDS}, "groups": _names(groups)}

"""Every page of the admin with what it takes to open it, and somebody in each group to try."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts.groups import GROUPS
from accounts.models import User
from giftflick import admin_urls
from tests.admin.matrix import ANYBODY, ARGUMENTS, ELSEWHERE, HISTORY, MODELS, NOBODY, PAGES

KEPT = {"app_list", None}  # Django's own: lists of an app's models, redirects, and what is no page; tested below
SUPERUSER, NO_GROUP = "superuser", "no group"
ROLES = [*GROUPS, NO_GROUP, SUPERUSER]

# What any of the pages asks for, so that a POST would do something.
ANSWERS = {
    "post": "yes", "_save": "1", "reason": "because", "_why": "because", "why": "because", "version": "0",
    "name": "Planted", "is_shared": "on", "statement": "SELECT 1", "rows": "name,email\nPlanted,planted@shop.example",
    "size": "1000", "format": "csv", "address": "planted@example.com", "email": "planted@shop.example",
    "recipient_email": "planted@example.com",
}  # fmt: skip


@dataclass(frozen=True)
class Visit:
    name: str
    path: str
    needs: tuple[str, ...]
    changes: tuple[str, ...]  # what a POST needs
    status: int
    fresh: bool = False

    @property
    def opens(self) -> bool:
        """Whether a look at it shows a page or leads to one; others are posted to, or want more in their address."""
        return self.status in (200, ELSEWHERE)


def patterns(found: list[Any] | None = None) -> Iterator[URLPattern]:
    for pattern in admin_urls.urlpatterns if found is None else found:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns)
        else:
            yield pattern


def visits() -> Iterator[Visit]:
    for name, page in PAGES.items():
        path = reverse(f"admin:{name.split()[0]}", args=ARGUMENTS[name]() if name in ARGUMENTS else [])
        path += f"?{page.query}" if page.query else ""
        yield Visit(
            name, path, (page.needs, page.besides), (page.posts or page.needs, page.besides), page.status, page.fresh
        )
    for prefix, model in MODELS.items():
        app_label, _, model_name = prefix.partition("_")
        row = apps.get_model(app_label, model_name)._default_manager.order_by("-pk").first()
        assert row is not None, f"the story has no {prefix}"
        for page_name, args, needs, changes in (
            ("changelist", [], (model.look,), (model.look,)),
            ("add", [], (model.add,), (model.add,)),
            ("change", [row.pk], (model.look,), (model.change,)),
            ("history", [row.pk], (model.look, HISTORY), (model.look, HISTORY)),
            ("delete", [row.pk], (NOBODY,), (NOBODY,)),
        ):
            name = f"{prefix}_{page_name}"
            yield Visit(name, reverse(f"admin:{name}", args=args), needs, changes, 200, page_name in model.fresh)


@contextmanager
def undone(client: Client) -> Iterator[None]:
    """What the client does within this block is undone, its signing out as well."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    client.cookies = cookies


def user_in(role: str) -> User:
    if role == SUPERUSER:
        return User.objects.create_superuser("root")
    user = User.objects.create_user("member", is_staff=True)
    if role != NO_GROUP:
        user.groups.add(Group.objects.get(name=role))
    return user


def allowed(role: str, needs: tuple[str, ...]) -> bool:
    return all(_has(role, permission) for permission in needs)


def _has(role: str, permission: str) -> bool:
    if permission in (ANYBODY, NOBODY):
        return permission == ANYBODY
    if role in (SUPERUSER, "Founder"):
        return True
    return role != NO_GROUP and permission in (GROUPS[role] or ())

"""The admin, without its pages until somebody opens the first: every other process starts faster for it."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core.checks import CheckMessage, Tags, register
from django.urls import URLResolver


class UnfoldConfig(AppConfig):
    """Unfold's templates and files; its own configuration would import its site in every process."""

    name = "unfold"


class AdminConfig(SimpleAdminConfig):
    default_site = "giftflick.admin_site.FoundersSite"

    def ready(self) -> None:
        register(check_dependencies, Tags.admin)
        register(check_pages, Tags.admin)


def check_pages(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """Django's own check runs over the pages that were found, so they are found first."""
    autodiscover()
    return check_admin_app(app_configs)


class LazyResolver(URLResolver):
    """Imports its URLconf, given by name, when a path or a name in it is looked up."""

    def _populate(self) -> None:
        """The resolver above asks for this also when it looks up a name of its own."""
        if "urlconf_module" in vars(self):
            super()._populate()

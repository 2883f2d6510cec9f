from typing import Any

from axes.apps import AppConfig as AxesAppConfig
from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, register
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import cors  # noqa: F401 - it listens from now on

        register(check_lockout, deploy=True)
        # After Django's own, which makes the permissions; `api` is the last of our apps to tell.
        post_migrate.connect(_make_groups, sender=apps.get_app_config("api"), dispatch_uid="accounts.groups")


class LockoutConfig(AxesAppConfig):  # type: ignore[misc]
    """django-axes, which begins to listen when somebody is about to sign in (`accounts.sign_in` is imported).

    Only the admin needs it, so no other process imports it.
    """

    def ready(self) -> None:
        pass


def check_lockout(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """What django-axes itself checks."""
    from axes import checks

    own = (
        checks.axes_cache_check,
        checks.axes_backend_check,
        checks.axes_deprecation_check,
        checks.axes_lockout_params_check,
        checks.axes_conf_check,
    )
    return [message for check in own for message in check(app_configs)]


def _make_groups(**_signal: object) -> None:
    from accounts.groups import make_groups

    make_groups()

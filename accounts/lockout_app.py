"""django-axes, asleep until somebody signs in: only the admin needs it, so no other process imports it.

`accounts.lockout` is what it counts with. Its signals are connected when that is imported.
"""

from typing import Any

from axes.apps import AppConfig
from django.core.checks import CheckMessage, register


class LockoutConfig(AppConfig):  # type: ignore[misc]
    def ready(self) -> None:
        from axes import conf  # noqa: F401 - adds its defaults to the settings, which may be overridden later

        register(check_lockout, deploy=True)


def check_lockout(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """What django-axes itself checks, but for its middleware: our own pages tell who is locked out."""
    from axes import checks

    own = (
        checks.axes_cache_check,
        checks.axes_backend_check,
        checks.axes_deprecation_check,
        checks.axes_lockout_params_check,
        checks.axes_conf_check,
    )
    return [message for check in own for message in check(app_configs)]

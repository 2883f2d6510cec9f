from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import cors  # noqa: F401 - it listens from now on

        # After Django's own, which makes the permissions; `api` is the last of our apps to tell.
        post_migrate.connect(_make_groups, sender=apps.get_app_config("api"), dispatch_uid="accounts.groups")


def _make_groups(**_signal: object) -> None:
    from accounts.groups import make_groups

    make_groups()

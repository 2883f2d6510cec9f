"""What commands that make or exchange logins have in common: their secrets, their one line, their errors."""

import json
from collections.abc import Callable
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from giftflick import secrets
from giftflick.database.configuration import sslmode
from giftflick.database.stored import StoredLoginError, StoredLogins


class LoginCommand(BaseCommand):
    """Runs in the release function, whose role alone may read DATABASE_ADMIN_SECRET."""

    requires_system_checks = ()
    act: Callable[[StoredLogins], dict[str, str]]

    def handle(self, *_args: Any, **_options: Any) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        for name in ("DATABASE_SECRET", "DATABASE_ADMIN_SECRET"):
            if not getattr(settings, name):
                raise CommandError(f"{name} is not set: this command runs in the release function")
        stored = StoredLogins(
            settings.DATABASE_SECRET,
            settings.DATABASE_ADMIN_SECRET,
            settings.DATABASE_HOST,
            settings.DATABASE_PORT,
            sslmode(),
            settings.CONSOLE_DATABASE_SECRET,
        )
        try:
            done = type(self).act(stored)
        except StoredLoginError as error:
            raise CommandError(str(error)) from None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise CommandError(f"Secrets Manager answered {code} to {error.operation_name}") from None
        except BotoCoreError as error:
            raise CommandError(f"Secrets Manager did not answer ({type(error).__name__})") from None
        except psycopg2.Error as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CommandError(f"The database: {reason}") from None
        secrets.reread("new login")  # for what this process does next
        self.stdout.write(json.dumps(done))

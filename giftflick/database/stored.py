"""The database's logins where they are kept: in Secrets Manager, under DATABASE_SECRET, DATABASE_ADMIN_SECRET and
CONSOLE_DATABASE_SECRET.
"""

import json
from dataclasses import dataclass
from typing import Any

from giftflick.aws_clients import secrets_manager
from giftflick.console_roles import ROLES
from giftflick.database.logins import LOGINS, Login

PARTS = ("username", "password", "host", "port", "dbname")
NAME = "giftflick"
SHOWN_OF_A_VERSION = 8


class StoredLoginError(Exception):
    """A secret is not as it must be; the message says which, and nothing of what is in it."""


@dataclass(frozen=True)
class StoredLogins:
    """The secrets' ARNs, where the database is and how to encrypt connections. What AWS refuses is botocore's error.

    `console` may be empty: then nobody asks for its logins.
    """

    application: str
    admin: str
    host: str
    port: str
    sslmode: str
    console: str = ""

    def read_admin(self) -> Login:
        """Whoever RDS made. It writes no more than name and password; a secret that says where goes before `host`."""
        held = {"host": self.host, "port": self.port, "dbname": NAME, **self._read(self.admin)}
        return self._login(held, "DATABASE_ADMIN_SECRET")

    def read_application(self) -> Login | None:
        """None while the secret is a placeholder without a login."""
        held = self._read(self.application)
        if not (held.get("username") and held.get("password")):
            return None
        login = self._login(held, "DATABASE_SECRET")
        if login.username not in LOGINS:
            raise StoredLoginError(f"DATABASE_SECRET must hold one of the logins {' and '.join(LOGINS)}")
        return login

    def write_application(self, login: Login) -> str:
        """The new version's id, shortened."""
        held = {**self._read(self.application), **{part: getattr(login, part) for part in PARTS}}
        answer = secrets_manager().put_secret_value(SecretId=self.application, SecretString=json.dumps(held))
        return answer["VersionId"][:SHOWN_OF_A_VERSION]

    def read_console(self) -> dict[str, Login]:
        """By their names; those that the secret holds already."""
        held = self._read(self.console)
        return {name: self._login(held[name], "CONSOLE_DATABASE_SECRET") for name in ROLES if held.get(name)}

    def write_console(self, found: dict[str, Login]) -> None:
        held = {name: {part: getattr(login, part) for part in PARTS} for name, login in found.items()}
        secrets_manager().put_secret_value(SecretId=self.console, SecretString=json.dumps(held))

    def _login(self, held: dict[str, Any], name: str) -> Login:
        missing = [part for part in PARTS if not held.get(part)]
        if missing or not str(held["port"]).isdecimal():
            raise StoredLoginError(f"{name} must hold {' and '.join(missing or ['a port that is a number'])}")
        known = {part: str(held[part]) for part in PARTS if part != "port"}
        return Login(**known, port=int(held["port"]), sslmode=self.sslmode)

    def _read(self, reference: str) -> dict[str, Any]:
        """An empty object for a secret without a value."""
        try:
            text = secrets_manager().get_secret_value(SecretId=reference).get("SecretString", "")
        except secrets_manager().exceptions.ResourceNotFoundException:
            secrets_manager().describe_secret(SecretId=reference)  # raises if it is the secret itself that is not there
            return {}
        try:
            held = json.loads(text)
        except ValueError:
            held = None
        if not isinstance(held, dict):
            raise StoredLoginError("The secrets with the database's logins must hold JSON objects")
        return held

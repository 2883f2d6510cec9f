"""Django's PostgreSQL, which reads the secrets again and tries once more when its login is refused."""

from typing import Any

from django.db.backends.postgresql import base

from giftflick import secrets

# libpq gives no code for what fails while connecting, only the server's words, which are English on Aurora.
REFUSALS = ("password authentication failed", "is not permitted to log in")
NO_LOGIN = "DATABASE_SECRET holds no login yet: run prepare_database"


def is_refusal(error: Exception) -> bool:
    """Whether the server did not want this login, rather than being away."""
    return any(words in str(error) for words in REFUSALS)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        if self.settings_dict["NAME"] == "":
            secrets.reread("database")
        if self.settings_dict["NAME"] == "":
            raise self.Database.OperationalError(NO_LOGIN)
        return super().get_connection_params()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            if not is_refusal(error):
                raise
            secrets.reread("database")
            newest = self.get_connection_params()
            if newest == conn_params:
                raise
            return super().get_new_connection(newest)

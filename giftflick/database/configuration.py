"""Where the database is and who we are there, as Django's DATABASES wants it."""

from typing import Any, cast

import dj_database_url

from giftflick import env, secrets

ENGINE = "giftflick.database"


def configuration() -> dict[str, Any]:
    """From the login in DATABASE_SECRET, else from DATABASE_URL. Connections are kept, and checked before use."""
    timeout = env.number("DATABASE_CONNECT_TIMEOUT_S", default=5)
    if env.text("DATABASE_SECRET", ""):
        database: dict[str, Any] = {**secrets.database_login(), "OPTIONS": {"sslmode": sslmode()}}
    else:
        database = _from_url()
    options = {**database.get("OPTIONS", {}), "connect_timeout": timeout}
    kept = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    return {"NAME": "", **database, **kept, "ENGINE": ENGINE, "OPTIONS": options}


def sslmode() -> str:
    """Encrypted by default, without a look at the server's certificate: that would need RDS's own certificates in the
    package, and somebody who sees to their expiry, for a way that does not leave our private subnets."""
    return env.text("DATABASE_SSLMODE", "require")


def _from_url() -> dict[str, Any]:
    url = env.text("DATABASE_URL")
    try:
        return cast("dict[str, Any]", dj_database_url.parse(url, engine=ENGINE)) if url else {}
    except ValueError:
        env.note("DATABASE_URL", "DATABASE_URL must be a URL, such as postgres://user:password@host:5432/name")
        return {}

"""PostgreSQL with logins that change while we run. `base` is what Django loads."""

import sys

# Django prefers psycopg 3 wherever it finds it, and it is here for the query console alone: a cold start would pay.
if "django.db.backends.postgresql.psycopg_any" not in sys.modules:
    sys.modules["psycopg"] = None  # type: ignore[assignment]
    try:
        from django.db.backends.postgresql import base  # noqa: F401 - it decides by what it can import
    finally:
        del sys.modules["psycopg"]

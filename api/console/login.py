"""Where the console's logins are: in CONSOLE_DATABASE_SECRET, else in two URLs; read anew for each question."""

from urllib.parse import unquote, urlsplit

from django.conf import settings

from api.exceptions import UnavailableError
from giftflick import secrets
from giftflick.console_roles import PII, PLAIN
from giftflick.database.configuration import sslmode
from giftflick.database.logins import Login

NOT_SET_UP = (
    "The console is not set up here: it needs logins of its own to the database. On a stage the next deploy makes them;"
    " on a laptop, set CONSOLE_DATABASE_URL and CONSOLE_PII_DATABASE_URL (.env.example says how)."
)
NOT_YET = "The console's logins are not made yet: deploy once more, or run prepare_database in the release function."
PARTS = ("username", "password", "host", "port", "dbname")


def is_set_up() -> bool:
    """Whether somebody has said where the logins are; nothing is read."""
    return bool(
        settings.CONSOLE_DATABASE_SECRET or (settings.CONSOLE_DATABASE_URL and settings.CONSOLE_PII_DATABASE_URL)
    )


def console_login(*, with_pii: bool) -> Login:
    """Raises UnavailableError, which says what is missing."""
    if not is_set_up():
        raise UnavailableError(NOT_SET_UP)
    role = PII if with_pii else PLAIN
    login = _from_secret(role) if settings.CONSOLE_DATABASE_SECRET else _from_url(with_pii=with_pii)
    if login.username != role:  # a slip here must not hand out the application's own login
        raise UnavailableError(f"The console asks as {role} and as nobody else: that is not the login it was given.")
    return login


def _from_secret(role: str) -> Login:
    try:
        held = secrets.read("CONSOLE_DATABASE_SECRET", settings.CONSOLE_DATABASE_SECRET).get(role) or {}
    except secrets.SecretAwayError as error:
        raise UnavailableError(str(error)) from None
    if not all(held.get(part) for part in PARTS):
        raise UnavailableError(NOT_YET)
    known = {part: str(held[part]) for part in PARTS if part != "port"}
    return Login(**known, port=int(held["port"]), sslmode=sslmode())


def _from_url(*, with_pii: bool) -> Login:
    url = urlsplit(settings.CONSOLE_PII_DATABASE_URL if with_pii else settings.CONSOLE_DATABASE_URL)
    return Login(
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        host=url.hostname or "",
        port=url.port or 5432,
        dbname=url.path.lstrip("/"),
        sslmode="prefer",
    )

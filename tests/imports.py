"""What no process imports that serves the API, a recipient or a vendor: it is the admin's, and slow to start with.

The runtime has few milliseconds for a cold start; the admin's pages alone cost some hundreds.
"""

from collections.abc import Iterable

OURS = frozenset({"accounts", "api", "giftflick"})
ADMINS = frozenset({"tablib", "openpyxl", "defusedxml", "import_export", "unfold", "segno"})  # packages of its alone
LIGHT = frozenset(  # what the settings name, and what our middleware asks: constants, and no page
    {
        "giftflick.admin_app",
        "giftflick.admin_look",
        "giftflick.admin_policy",
        "unfold",
        "unfold.apps",
        "unfold.contrib",
        "unfold.contrib.filters",
        "unfold.contrib.filters.apps",
    }
)
SLOW = frozenset(
    {
        "boto3",
        "botocore",
        "s3transfer",
        "sendgrid",
        "werkzeug",
        "requests",
        "yaml",
        "cryptography",
        "storages",
        "psycopg",
    }
)


def admins_among(modules: Iterable[str]) -> list[str]:
    """Those that only the admin needs."""
    return sorted(name for name in set(modules) - LIGHT if _is_admins(name))


def slow_among(modules: Iterable[str]) -> list[str]:
    """Those, and what only some calls need."""
    given = set(modules)
    return [*admins_among(given), *sorted(SLOW & given)]


def _is_admins(name: str) -> bool:
    top, *segments = name.split(".")
    return top in ADMINS or (top in OURS and any(map(_names_a_page, segments)))


def _names_a_page(segment: str) -> bool:
    return (
        segment in {"admin", "pages", "resources"}
        or segment.startswith("admin_")
        or segment.endswith(("_admin", "_pages"))
    )

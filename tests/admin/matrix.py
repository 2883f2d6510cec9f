"""What each page of the admin needs, written down page by page: `test_matrix.py` holds every group against it.

A new page goes into PAGES by its name in the URLconf, a new model into MODELS; a page with arguments that are no row's
key into ARGUMENTS. The test fails for whatever is missing here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import User

ANYBODY = "anybody of the team"
NOBODY = "nobody, not even a superuser"


@dataclass(frozen=True)
class Model:
    """Permissions by what the pages of a model do; deleting is nobody's anywhere."""

    look: str
    add: str = NOBODY
    change: str = NOBODY


@dataclass(frozen=True)
class Page:
    """`status`: what those get who may open it, if not the page itself."""

    needs: str
    status: int = 200


MANAGE_TEAM = "accounts.manage_team"

MODELS = {
    "accounts_account": Model("accounts.view_account", "accounts.add_account", "accounts.change_account"),
    "accounts_apikey": Model("accounts.view_apikey", "accounts.add_apikey"),
    "accounts_user": Model(MANAGE_TEAM, MANAGE_TEAM, MANAGE_TEAM),
    "api_auditentry": Model("api.view_auditentry"),
    "api_gift": Model("api.view_gift"),
    "api_job": Model("api.view_job"),
    "api_mailevent": Model("api.view_mailevent"),
    "api_message": Model("api.view_message"),
    "api_render": Model("api.view_render"),
    "api_rendercallback": Model("api.view_rendercallback"),
    "api_template": Model("api.view_template", "api.add_template", "api.change_template"),
    "api_upload": Model("api.view_upload"),
    "api_webhookdelivery": Model("api.view_webhookdelivery"),
    "api_webhookendpoint": Model("api.view_webhookendpoint"),
}

PAGES = {
    "index": Page(ANYBODY),
    "search": Page(ANYBODY),
    "jsi18n": Page(ANYBODY),
    "logout": Page(ANYBODY, 405),  # by POST only
    "password_change": Page(ANYBODY),
    "password_change_done": Page(ANYBODY),
    "autocomplete": Page(NOBODY),  # no form uses it
    "view_on_site": Page(ANYBODY, 404),  # no row has an address of its own
    "reauthenticate": Page(ANYBODY),
    "second_factor": Page(ANYBODY),
    "second_factor_replace": Page(ANYBODY),
    "second_factor_codes": Page(ANYBODY, 302),  # after the button on the page before
    "second_factor_file": Page(ANYBODY, 302),
    "team_help": Page(MANAGE_TEAM),
}

# Before the admin: by nobody, by whoever has shown a password only, and by whoever is in.
OUTSIDE = {
    "login": (200, 200, 302),
    "sign_in_code": (302, 200, 302),
    "enrol": (302, 302, 302),
    "enrol_codes": (302, 302, 302),
    "enrol_codes_file": (302, 302, 302),
}

ARGUMENTS: dict[str, Callable[[], list[object]]] = {
    "team_help": lambda: [User.objects.latest("pk").pk],
    "view_on_site": lambda: [1, 1],
}

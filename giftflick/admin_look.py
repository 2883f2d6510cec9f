"""How the admin looks, and what its sidebar lists, by task. Unfold reads it; `settings.UNFOLD` is this.

Nothing here may import a page: the settings are read by every process.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: str, icon: str, page: str, permission: str) -> dict[str, Any]:
    """`icon` is a name in Material Symbols, which Unfold brings along."""
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{page}"), "permission": _may(permission)}


# The stage, and Unfold's colour for it: nobody should take one for another.
BADGES = {"": ("laptop", "default"), "dev": ("dev", "info"), "staging": ("staging", "warning")}
PRODUCTION = ("production", "danger")


def stage_badge(_request: HttpRequest) -> tuple[str, str]:
    return BADGES.get(settings.STAGE, PRODUCTION)


def _for_all(title: str, icon: str, page: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{page}")}


RASPBERRY = {  # the accent of the recipient's pages, and its lighter and darker sisters
    "50": "#fdf2f6",
    "100": "#fce7ef",
    "200": "#fbcfe0",
    "300": "#f8a8c6",
    "400": "#f57fa9",
    "500": "#dc3f7c",
    "600": "#b3225a",
    "700": "#96194a",
    "800": "#7c173f",
    "900": "#691838",
    "950": "#40081d",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Giftflick",
    "SITE_HEADER": "Giftflick",
    "SITE_ICON": lambda _request: static("giftflick/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("giftflick/favicon.svg")}
    ],
    "ENVIRONMENT": stage_badge,
    "COLORS": {"primary": RASPBERRY},
    "STYLES": [lambda _request: static("giftflick/admin.css"), lambda _request: static("giftflick/frame.css")],
    "SCRIPTS": [lambda _request: static("giftflick/find.js"), lambda _request: static("giftflick/typed.js")],
    "DASHBOARD_CALLBACK": "api.today.admin.fill_page",
    "ACCOUNT": {
        "navigation": [
            {"title": "My second factor", "link": reverse_lazy("admin:second_factor")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Today",
                "items": [{"title": "How it goes", "icon": "today", "link": reverse_lazy("admin:index")}],
            },
            {
                "title": "Gifts",
                "items": [
                    _item("Gifts", "redeem", "api_gift_changelist", "api.view_gift"),
                    _item("Campaigns", "campaign", "campaigns", "api.view_campaign"),
                    _item("Renders", "movie", "api_render_changelist", "api.view_render"),
                    _item("Uploads", "perm_media", "api_upload_changelist", "api.view_upload"),
                ],
            },
            {
                "title": "Shops",
                "items": [
                    _item("Shops", "storefront", "accounts_account_changelist", "accounts.view_account"),
                    _item("API keys", "key", "accounts_apikey_changelist", "accounts.view_apikey"),
                    _item("Webhooks", "webhook", "api_webhookendpoint_changelist", "api.view_webhookendpoint"),
                ],
            },
            {
                "title": "Templates",
                "items": [_item("Templates", "auto_awesome_motion", "api_template_changelist", "api.view_template")],
            },
            {
                "title": "Messages",
                "items": [
                    _item("Mails", "mail", "api_message_changelist", "api.view_message"),
                    _item("SendGrid's events", "mark_email_read", "api_mailevent_changelist", "api.view_mailevent"),
                ],
            },
            {
                "title": "Jobs",
                "items": [
                    _item("Jobs", "pending_actions", "api_job_changelist", "api.view_job"),
                    _item("Batches", "checklist", "batches", "api.view_batch"),
                ],
            },
            {
                "title": "Data",
                "items": [
                    _item("Import", "upload_file", "imports", "api.import_data"),
                    _item("Export", "download", "exports", "api.add_export"),
                    _item("Suppressions", "unsubscribe", "api_suppression_changelist", "api.view_suppression"),
                    _item("Query console", "database_search", "console", "api.use_console"),
                    _item("Who asked what", "manage_search", "api_queryrun_changelist", "api.view_queryrun"),
                    _item("Audit log", "policy", "api_auditentry_changelist", "api.view_auditentry"),
                ],
            },
            {
                "title": "Settings",
                "items": [_item("Team", "group", "accounts_user_changelist", "accounts.manage_team")],
            },
            {
                "title": "Help",
                "items": [
                    _for_all("What do I do when…", "help", "help"),
                    _for_all("What the words mean", "dictionary", "words"),
                ],
            },
        ],
    },
}

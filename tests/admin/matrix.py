"""What each page of the admin needs, written down page by page: `test_matrix.py` holds every group against it.

A new page goes into PAGES by its name in the URLconf, a new model into MODELS; a page with arguments that are no row's
key into ARGUMENTS. The test fails for whatever is missing here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from accounts.models import Account, ApiKey, User
from api.console.models import SavedQuery
from api.delivery.models import Message
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.templates.models import Template
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

ANYBODY = "anybody of the team"
NOBODY = "nobody, not even a superuser"


HISTORY = "api.view_auditentry"  # besides what a row's page needs, for the page of its history


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


MANAGE_TEAM, OPERATE_GIFT, OPERATE_JOB = "accounts.manage_team", "api.operate_gift", "api.operate_job"

MODELS = {
    "accounts_account": Model("accounts.view_account", "accounts.add_account", "accounts.change_account"),
    "accounts_apikey": Model("accounts.view_apikey", "accounts.add_apikey"),
    "accounts_user": Model(MANAGE_TEAM, MANAGE_TEAM, MANAGE_TEAM),
    "api_auditentry": Model("api.view_auditentry"),
    "api_gift": Model("api.view_gift"),
    "api_job": Model("api.view_job"),
    "api_mailevent": Model("api.view_mailevent"),
    "api_message": Model("api.view_message"),
    "api_queryrun": Model("api.view_queryrun"),
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
    "help": Page(ANYBODY),
    "words": Page(ANYBODY),
    "shop_suspend": Page("accounts.change_account"),
    "shop_resume": Page("accounts.change_account"),
    "key_rotate": Page("accounts.add_apikey"),
    "key_revoke": Page("accounts.delete_apikey", 404),  # it says which keys in its parameters
    "gift_correct": Page(OPERATE_GIFT),
    "gift_paid": Page(OPERATE_GIFT),
    "gift_approve": Page(OPERATE_GIFT, 409),  # the story has no gift that waits for it
    "gift_resend": Page(OPERATE_GIFT),
    "gift_render": Page(OPERATE_GIFT),
    "gift_retry": Page(OPERATE_GIFT),
    "gift_cancel": Page(OPERATE_GIFT),
    "gift_withdraw": Page(OPERATE_GIFT),
    "gift_erase": Page("api.erase_recipient"),
    "job_retry": Page(OPERATE_JOB),
    "job_forget": Page(OPERATE_JOB),
    "mail_preview": Page("api.view_message"),
    "template_preview": Page("api.change_template"),
    "template_publish": Page("api.change_template"),
    "template_retire": Page("api.change_template"),
    "template_copy": Page("api.add_template", 405),  # by a button only
    "webhook_enable": Page("api.change_webhookendpoint"),
    "webhook_redeliver": Page("api.change_webhookdelivery"),
    "console": Page("api.use_console"),
    "console_question": Page("api.use_console"),
    "console_question_delete": Page("api.use_console"),
    **{f"console_{act}": Page("api.use_console", 405) for act in ("run", "download", "stop", "fields", "keep")},
    "console_personal": Page("api.console_pii"),
    "console_personal_question": Page("api.console_pii"),
    **{f"console_personal_{act}": Page("api.console_pii", 405) for act in ("run", "download")},
}

# Before the admin: by nobody, by whoever has shown a password only, and by whoever is in.
OUTSIDE = {
    "login": (200, 200, 302),
    "sign_in_code": (302, 200, 302),
    "enrol": (302, 302, 302),
    "enrol_codes": (302, 302, 302),
    "enrol_codes_file": (302, 302, 302),
}

QUESTION_PAGES = ("question", "question_delete", "personal_question")
TEMPLATE_ACTS = ("preview", "publish", "retire", "copy")
POSSIBLE_IN = {
    "correct": GiftStatus.BOUNCED,
    "paid": GiftStatus.READY,
    "approve": GiftStatus.READY,
    "resend": GiftStatus.SENT,
    "render": GiftStatus.FAILED,
    "retry": GiftStatus.FAILED,
    "cancel": GiftStatus.SCHEDULED,
    "withdraw": GiftStatus.SENT,
    "erase": GiftStatus.SENT,
}


def _gift_in(status: GiftStatus) -> list[object]:
    return [Gift.objects.filter(status=status).latest("pk").pk]


ARGUMENTS: dict[str, Callable[[], list[object]]] = {
    "team_help": lambda: [User.objects.latest("pk").pk],
    "view_on_site": lambda: [1, 1],
    "key_rotate": lambda: [ApiKey.objects.latest("pk").pk],
    "mail_preview": lambda: [Message.objects.latest("pk").pk],
    "webhook_enable": lambda: [WebhookEndpoint.objects.latest("pk").pk],
    "webhook_redeliver": lambda: [WebhookDelivery.objects.latest("pk").pk],
    **{f"console_{page}": lambda: [SavedQuery.objects.latest("pk").pk] for page in QUESTION_PAGES},
    **{f"template_{act}": lambda: [Template.objects.latest("pk").pk] for act in TEMPLATE_ACTS},
    **{f"shop_{act}": lambda: [Account.objects.latest("pk").pk] for act in ("suspend", "resume")},
    **{f"gift_{act}": partial(_gift_in, status) for act, status in POSSIBLE_IN.items()},
    **{f"job_{act}": lambda: [Job.objects.filter(state="dead").latest("pk").pk] for act in ("retry", "forget")},
}

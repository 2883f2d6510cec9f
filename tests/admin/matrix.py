"""What each page of the admin needs, written down page by page: `test_matrix.py` holds every group against it.

A new page goes into PAGES by its name in the URLconf, or as `name of what` where what it needs depends on what it is
about; a new model into MODELS; a page with arguments that are no row's key into ARGUMENTS; a list's new action into
ACTIONS. The test fails for whatever is missing here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from accounts.models import Account, ApiKey, User
from api.batches.models import Batch
from api.campaigns.models import Campaign
from api.console.models import SavedQuery
from api.delivery.models import Message
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.saved_filters.models import SavedFilter
from api.sheets.models import Export, Sheet
from api.sheets.states import SheetState
from api.templates.models import Template
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

ANYBODY = "anybody of the team"
NOBODY = "nobody, not even a superuser"


HISTORY = "api.view_auditentry"  # besides what a row's page needs, for the page of its history


@dataclass(frozen=True)
class Model:
    """Permissions by what the pages of a model do; deleting is nobody's anywhere. `fresh`: of its pages, those that ask
    for password and second factor once more, ten minutes after they were shown.
    """

    look: str
    add: str = NOBODY
    change: str = NOBODY
    fresh: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """`status`: what those get who may open it, if not the page itself. `posts`: what it needs to do something, if more
    than for a look. `besides`: a second permission that it needs. `fresh`: as above.
    """

    needs: str
    status: int = 200
    posts: str = ""
    query: str = ""
    fresh: bool = False
    besides: str = ANYBODY


BY_POST_ONLY, ELSEWHERE = 405, 302
MANAGE_TEAM, OPERATE_GIFT, OPERATE_JOB = "accounts.manage_team", "api.operate_gift", "api.operate_job"
SEE_GIFT, SEE_BATCH, SEE_CAMPAIGN = "api.view_gift", "api.view_batch", "api.view_campaign"
CHANGE_TEMPLATE = "api.change_template"
IMPORT, RUN_CAMPAIGN = "api.import_data", "api.run_campaign"
EXPORT, EXPORT_PERSONAL = "api.add_export", "api.export_pii"
ASK, ASK_PERSONAL = "api.use_console", "api.console_pii"

MODELS = {
    "accounts_account": Model("accounts.view_account", "accounts.add_account", "accounts.change_account"),
    "accounts_apikey": Model("accounts.view_apikey", "accounts.add_apikey", fresh=("add",)),
    "accounts_user": Model(MANAGE_TEAM, MANAGE_TEAM, MANAGE_TEAM, fresh=("add", "change")),
    "api_auditentry": Model("api.view_auditentry"),
    "api_gift": Model("api.view_gift"),
    "api_job": Model("api.view_job"),
    "api_mailevent": Model("api.view_mailevent"),
    "api_message": Model("api.view_message"),
    "api_queryrun": Model("api.view_queryrun"),
    "api_render": Model("api.view_render"),
    "api_rendercallback": Model("api.view_rendercallback"),
    "api_suppression": Model("api.view_suppression", "api.add_suppression"),
    "api_template": Model("api.view_template", "api.add_template", "api.change_template"),
    "api_upload": Model("api.view_upload"),
    "api_webhookdelivery": Model("api.view_webhookdelivery"),
    "api_webhookendpoint": Model("api.view_webhookendpoint"),
}

SHOPS = "app_label=api&model_name=gift&field_name=account"

PAGES = {
    "index": Page(ANYBODY),
    "jsi18n": Page(ANYBODY),
    "logout": Page(ANYBODY, 405),  # by POST only
    "password_change": Page(ANYBODY, fresh=True),
    "password_change_done": Page(ANYBODY),
    "autocomplete": Page(NOBODY),  # it says of what in its parameters
    "autocomplete of shops": Page("accounts.view_account", query=f"{SHOPS}&term="),
    "view_on_site": Page(ANYBODY, 404),  # no row has an address of its own
    "reauthenticate": Page(ANYBODY),
    "second_factor": Page(ANYBODY),
    "second_factor_replace": Page(ANYBODY, fresh=True),
    "second_factor_codes": Page(ANYBODY, 302, fresh=True),  # after the button on the page before
    "second_factor_file": Page(ANYBODY, 302, fresh=True),
    "team_help": Page(MANAGE_TEAM, fresh=True),
    "help": Page(ANYBODY),
    "words": Page(ANYBODY),
    "shop_suspend": Page("accounts.change_account", fresh=True),
    "shop_resume": Page("accounts.change_account"),
    "key_rotate": Page("accounts.add_apikey", fresh=True),
    "key_revoke": Page("accounts.delete_apikey", 404, fresh=True),  # it says which keys in its parameters
    "gift_correct": Page(OPERATE_GIFT),
    "gift_paid": Page(OPERATE_GIFT),
    "gift_approve": Page(OPERATE_GIFT, 409),  # the story has no gift that waits for it
    "gift_resend": Page(OPERATE_GIFT),
    "gift_render": Page(OPERATE_GIFT),
    "gift_retry": Page(OPERATE_GIFT),
    "gift_cancel": Page(OPERATE_GIFT),
    "gift_withdraw": Page(OPERATE_GIFT, fresh=True),
    "gift_erase": Page("api.erase_recipient", fresh=True),
    "job_retry": Page(OPERATE_JOB),
    "job_forget": Page(OPERATE_JOB, fresh=True),
    "mail_preview": Page("api.view_message"),
    "webhook_enable": Page("api.change_webhookendpoint"),
    "webhook_redeliver": Page("api.change_webhookdelivery"),
    "find": Page(ANYBODY),
    "today_figures": Page(ANYBODY),
    "saved_filter_add": Page(ANYBODY, 404),  # it says of which list in its parameters
    "saved_filter_add of gifts": Page(SEE_GIFT, query="list=api.gift&status__exact=sent"),
    "saved_filter_add of keys": Page("accounts.view_apikey", query="list=accounts.apikey&livemode__exact=1"),
    "saved_filter_delete": Page("api.delete_savedfilter"),  # or one's own
    "batches": Page(SEE_BATCH),
    "batch of gifts": Page(SEE_BATCH),
    "batch of an import": Page(IMPORT),
    "batch_cancel of gifts": Page(OPERATE_GIFT),  # or one's own
    "batch_cancel of an import": Page(IMPORT),
    "batch_cancel of a campaign": Page(RUN_CAMPAIGN),
    "batch_result of gifts": Page(SEE_BATCH),
    "batch_result of an import": Page(IMPORT),
    "imports": Page(IMPORT),
    "import_kind": Page(IMPORT),
    "import_kind of gifts": Page(RUN_CAMPAIGN, 404),  # that is what campaigns are for
    "sheet": Page(IMPORT),
    "sheet of a campaign": Page(RUN_CAMPAIGN, ELSEWHERE),
    "sheet_begin": Page(IMPORT, BY_POST_ONLY),
    "sheet_begin of gifts": Page(RUN_CAMPAIGN, BY_POST_ONLY),
    "sheet_confirm": Page(IMPORT, ELSEWHERE, fresh=True),
    "sheet_discard": Page(IMPORT, BY_POST_ONLY),
    "sheet_discard of a campaign": Page(RUN_CAMPAIGN, BY_POST_ONLY),
    "sheet_errors": Page(IMPORT, fresh=True),
    "sheet_errors of a campaign": Page(RUN_CAMPAIGN, fresh=True),
    "sheet_empty": Page(IMPORT),
    "sheet_empty of gifts": Page(RUN_CAMPAIGN, 404),  # it says of which campaign in its parameters
    "exports": Page(EXPORT),
    "export_kind": Page(EXPORT),
    "export_download": Page(EXPORT, ELSEWHERE),  # to the bucket
    "export_download of personal data": Page(EXPORT_PERSONAL, ELSEWHERE, fresh=True),
    "campaigns": Page(SEE_CAMPAIGN),
    "campaign_new": Page(RUN_CAMPAIGN),
    "campaign": Page(SEE_CAMPAIGN, posts=RUN_CAMPAIGN),
    "campaign_approve": Page(RUN_CAMPAIGN, ELSEWHERE, fresh=True),
    "campaign_cancel": Page(RUN_CAMPAIGN, fresh=True),
    "campaign_gifts": Page(SEE_GIFT),
    "console": Page(ASK),
    "console_question": Page(ASK),
    "console_question_delete": Page("api.change_savedquery"),  # or one's own
    "console_run": Page(ASK, ELSEWHERE),
    "console_download": Page(ASK, ELSEWHERE),
    "console_stop": Page(ASK, BY_POST_ONLY),
    "console_fields": Page(ASK, BY_POST_ONLY),
    "console_keep": Page(ASK, BY_POST_ONLY),
    "console_personal": Page(ASK_PERSONAL, fresh=True),
    "console_personal_question": Page(ASK_PERSONAL, fresh=True),
    "console_personal_run": Page(ASK_PERSONAL, ELSEWHERE, fresh=True),
    "console_personal_download": Page(ASK_PERSONAL, ELSEWHERE, besides=EXPORT_PERSONAL, fresh=True),
    "template_preview": Page(CHANGE_TEMPLATE),
    "template_publish": Page(CHANGE_TEMPLATE),
    "template_retire": Page(CHANGE_TEMPLATE),
    "template_copy": Page("api.add_template", BY_POST_ONLY),
}

# Before the admin: by nobody, by whoever has shown a password only, and by whoever is in.
OUTSIDE = {
    "login": (200, 200, 302),
    "sign_in_code": (302, 200, 302),
    "enrol": (302, 302, 302),
    "enrol_codes": (302, 302, 302),
    "enrol_codes_file": (302, 302, 302),
}

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


def _batch(kind: str) -> list[object]:
    return [Batch.objects.filter(kind=kind).latest("pk").pk]


def _sheet(kind: str) -> list[object]:
    return [Sheet.objects.filter(kind=kind, state=SheetState.CHECKED).latest("pk").pk]


def _export(*, personal: bool) -> list[object]:
    return [Export.objects.filter(has_personal_data=personal).latest("pk").pk]


def _question(*, personal: bool) -> list[object]:
    return [SavedQuery.objects.filter(needs_pii=personal).latest("pk").pk]


def _campaign(*more: object) -> list[object]:
    return [Campaign.objects.latest("pk").pk, *more]


# What a list's actions need; deleting is offered by none.
ACTIONS = {
    ("accounts_account", "suspend"): "accounts.change_account",
    ("accounts_account", "resume"): "accounts.change_account",
    ("accounts_apikey", "revoke"): "accounts.delete_apikey",
    **{("api_gift", act): OPERATE_GIFT for act in ("render_again", "resend", "approve", "mark_paid", "cancel")},
    ("api_message", "resend"): OPERATE_GIFT,
    ("api_job", "try_again"): OPERATE_JOB,
    ("api_job", "forget"): OPERATE_JOB,
    ("api_suppression", "lift"): "api.delete_suppression",
    ("api_webhookendpoint", "enable"): "api.change_webhookendpoint",
    ("api_webhookdelivery", "redeliver"): "api.change_webhookdelivery",
}

ARGUMENTS: dict[str, Callable[[], list[object]]] = {
    "team_help": lambda: [User.objects.latest("pk").pk],
    "view_on_site": lambda: [1, 1],
    "key_rotate": lambda: [ApiKey.objects.latest("pk").pk],
    "mail_preview": lambda: [Message.objects.latest("pk").pk],
    "webhook_enable": lambda: [WebhookEndpoint.objects.latest("pk").pk],
    "webhook_redeliver": lambda: [WebhookDelivery.objects.latest("pk").pk],
    "saved_filter_delete": lambda: [SavedFilter.objects.latest("pk").pk],
    **{f"{page} of gifts": partial(_batch, "gifts.render_again") for page in ("batch", "batch_cancel", "batch_result")},
    **{
        f"{page} of an import": partial(_batch, "import.suppressions")
        for page in ("batch", "batch_cancel", "batch_result")
    },
    "batch_cancel of a campaign": partial(_batch, "import.gifts"),
    **{page: lambda: ["accounts"] for page in ("import_kind", "sheet_begin")},
    **{f"{page} of gifts": lambda: ["gifts"] for page in ("import_kind", "sheet_begin")},
    "sheet_empty": lambda: ["accounts", "xlsx"],
    "sheet_empty of gifts": lambda: ["gifts", "csv"],
    **{f"sheet{page}": partial(_sheet, "accounts") for page in ("", "_confirm", "_discard", "_errors")},
    **{f"sheet{page} of a campaign": partial(_sheet, "gifts") for page in ("", "_discard", "_errors")},
    "export_kind": lambda: ["gifts"],
    "export_download": partial(_export, personal=False),
    "export_download of personal data": partial(_export, personal=True),
    **dict.fromkeys(("campaign", "campaign_cancel"), _campaign),
    "campaign_approve": lambda: _campaign(*_sheet("gifts")),
    "campaign_gifts": lambda: _campaign("sent"),
    **{f"console_question{page}": partial(_question, personal=False) for page in ("", "_delete")},
    "console_personal_question": partial(_question, personal=True),
    **{
        f"template_{act}": lambda: [Template.objects.latest("pk").pk]
        for act in ("preview", "publish", "retire", "copy")
    },
    **{f"shop_{act}": lambda: [Account.objects.latest("pk").pk] for act in ("suspend", "resume")},
    **{f"gift_{act}": partial(_gift_in, status) for act, status in POSSIBLE_IN.items()},
    **{f"job_{act}": lambda: [Job.objects.filter(state="dead").latest("pk").pk] for act in ("retry", "forget")},
}

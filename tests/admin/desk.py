"""What lies on the founders' desk beside the gifts: batches, sheets, a campaign, exports, questions."""

from datetime import datetime

from accounts.models import Account, User
from api.batches.models import BatchItem
from api.batches.services import ItemIn, start_batch
from api.batches.states import ItemState
from api.campaigns.models import CampaignGift
from api.campaigns.services import approve_campaign, open_campaign
from api.console.models import QueryRun, SavedQuery
from api.console.states import RunState
from api.gifts.models import Gift
from api.saved_filters.services import save_filter
from api.sheets import services, tasks  # noqa: F401 - registers the batches' kinds
from api.sheets.exported import KINDS
from api.sheets.kinds import kind_called
from api.sheets.models import Sheet
from api.sheets.states import SheetFormat
from api.suppressions.services import suppress_address
from api.suppressions.states import SuppressionReason
from api.templates.models import Template
from tests.sheets.files import SHOPS, csv_file

EVE = "staff:eve"  # somebody who signs in nowhere: nothing here is one's own
ASKED_FOR = "asked-for@example.com"


def fill_desk(account: Account, template: Template, failed: Gift, sent: Gift, now: datetime) -> None:
    """A row of each kind, in each state that opens a page."""
    suppress_address("zoe@example.com", reason=SuppressionReason.ASKED, actor=EVE, now=now)
    eve = User.objects.create_user("eve")
    save_filter("api.gift", name="Failed", query="status__exact=failed", is_shared=True, owner=eve, now=now)
    ask_something(eve, now)
    start_bulk(failed, now)
    take_in("accounts", [SHOPS, ["New Shop", "new@shop.example"], ["Bad Shop", "nowhere"]], now)
    confirmed = take_in("suppressions", [["address"], ["yan@example.com"]], now)
    services.confirm_sheet(confirmed.pk, title="Import 1 address", actor=EVE, why="asked by mail", now=now)
    run_campaign(account, template, sent, now)
    for has_personal_data in (False, True):
        services.order_export(
            KINDS["gifts"], SheetFormat.CSV, {}, has_personal_data=has_personal_data, actor=EVE, now=now
        )


def ask_something(eve: User, now: datetime) -> None:
    for needs_pii in (False, True):
        question = SavedQuery.objects.create(
            name=f"Whose gift is it? {needs_pii}", sql="SELECT 1", needs_pii=needs_pii,
            owner=eve, is_shared=True, created_at=now, updated_at=now,
        )  # fmt: skip
        QueryRun.objects.create(
            user=eve, actor=EVE, question=question,
            statement=f"SELECT '{ASKED_FOR}'" if needs_pii else "SELECT 1", with_pii=needs_pii,
            state=RunState.ANSWERED, rows=1, ms=3, started_at=now, finished_at=now,
        )  # fmt: skip


def start_bulk(failed: Gift, now: datetime) -> None:
    items = [ItemIn(ref_id=str(failed.pk)), ItemIn(ref_id=str(failed.pk))]
    batch = start_batch("gifts.render_again", title="Render gifts again", items=items, actor=EVE, why="", now=now)
    for position, state in ((1, ItemState.DONE), (2, ItemState.FAILED)):
        BatchItem.objects.filter(batch=batch, position=position).update(state=state, detail="so it is")
    assert not batch.items.filter(state=ItemState.WAITING).exists()


def run_campaign(account: Account, template: Template, sent: Gift, now: datetime) -> None:
    campaign = open_campaign(
        name="Mother's Day", account=account, livemode=True, template=template, is_paid=False, actor=EVE, now=now,
        defaults={"sender_name": "Confetti Shop", "sender_email": "shop@confetti.example", "message": "Hooray!"},
    )  # fmt: skip
    CampaignGift.objects.create(campaign=campaign, row_key="r0", row_sha256="0" * 64, gift=sent)
    header = ["row_key", "recipient_name", "recipient_email", "fields.headline"]
    rows = [["r1", "Ben", "ben@example.com", "BEN"], ["r2", "Yan", "nowhere", "YAN"]]
    approved = take_in("gifts", [header, *rows], now, scope=campaign.pk)
    approve_campaign(campaign.pk, approved.pk, actor=EVE, why="the shop ordered it", now=now)
    rows[1][2] = "yan@example.com"
    take_in("gifts", [header, *rows, ["r3", "", "nowhere", ""]], now, scope=campaign.pk)


def take_in(kind: str, rows: list[list[str]], now: datetime, *, scope: object = None) -> Sheet:
    file = csv_file(*rows)
    size = len(file.getvalue())
    sheet = services.receive_file(kind_called(kind), file, size=size, scope_id=scope, actor=EVE, now=now)  # type: ignore[arg-type]
    return services.check_small(sheet, now=now)

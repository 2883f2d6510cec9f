"""A campaign's pages: opening it, its file's report, approving it, how far it is, calling the rest off."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import Account, OrderGate
from accounts.reauthentication import fresh_sign_in
from api.audit.doors import acting
from api.audit.wording import who
from api.batches.states import OPEN
from api.campaigns import selectors, services, tasks  # noqa: F401 - registers the kinds of batches started here
from api.campaigns.columns import DEFAULTED
from api.campaigns.estimate import AT_ONCE, estimate
from api.campaigns.kind import GIFTS
from api.campaigns.models import Campaign
from api.campaigns.states import CANCELABLE, NOT_THERE, CampaignStage
from api.exceptions import ApplicationError, NotFoundError, refusal_words
from api.gifts.states import GiftStatus
from api.sheets.admin.sheets import SCOPE_PAGES, report_context
from api.sheets.admin.uploading import at_the_door, received, upload_context
from api.sheets.models import Sheet
from api.sheets.selectors import sheets_of
from api.sheets.states import BEFORE_CHECKED, SheetState
from api.templates.selectors import published_templates
from giftflick.admin_confirm import Answers, Question, ReasonForm, ask, reason_given
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show, uuid_of

SCOPE_PAGES[GIFTS.name] = "campaign"
LOOK = "api.view_campaign"
A_PAGE = 50
SHOWN_GIFTS = 100
TONES = {
    CampaignStage.RUNNING: "info",
    CampaignStage.CHECKING: "info",
    CampaignStage.TO_APPROVE: "warn",
    CampaignStage.DONE: "good",
    CampaignStage.CANCELED: "warn",
}
GOOD = frozenset({GiftStatus.SENT, GiftStatus.WATCHED})
ALWAYS_SHOWN = frozenset({GiftStatus.RENDERING, GiftStatus.SENT, GiftStatus.BOUNCED, GiftStatus.FAILED})
BAD = frozenset({GiftStatus.BOUNCED, GiftStatus.FAILED})


class CampaignForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="For you and the shop, such as Mother's Day 2027.")
    account = forms.ModelChoiceField(Account.objects.order_by("name"), label="Shop")
    mode = forms.ChoiceField(
        choices=[("test", "Test: rendered with a watermark, nobody is mailed"), ("live", "Live")],
        help_text="Try it as a test first: the same file can be used again.",
    )
    template = forms.ModelChoiceField(
        published_templates(),
        help_text="Published ones only. Its fields become columns of the file.",
    )
    sender_name = forms.CharField(max_length=100, required=False, help_text="For rows that leave it blank.")
    sender_email = forms.EmailField(required=False, label="Sender's e-mail", help_text="For rows that leave it blank.")
    message = forms.CharField(
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For rows that leave it blank.",
    )
    deliver_at = forms.DateTimeField(
        required=False,
        label="Deliver at",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Wall time in the time zone below. Blank: as soon as the film is ready.",
    )
    timezone = forms.CharField(max_length=64, required=False, label="Time zone", help_text="Such as Australia/Sydney.")
    is_paid = forms.BooleanField(
        required=False,
        label="The orders are paid",
        help_text="For shops whose gifts wait for payment: without it, each gift waits until the shop says so.",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")

    def defaults(self) -> dict[str, str]:
        data = {**self.cleaned_data}
        if data["deliver_at"]:
            data["deliver_at"] = data["deliver_at"].strftime("%Y-%m-%dT%H:%M:%S")
        return {name: data[name] for name in DEFAULTED if data[name]}


@page("campaigns/", name="campaigns", permission=LOOK)
def campaigns(request: HttpRequest) -> HttpResponse:
    """The newest first, fifty a page."""
    before = uuid_of(request.GET.get("before", ""))
    found = selectors.newest_standings(before=before, limit=A_PAGE + 1)
    context: dict[str, Any] = {
        "rows": [(one.campaign, one.stage, TONES.get(one.stage, "info")) for one in found[:A_PAGE]],
        "older": found[A_PAGE - 1].campaign.pk if len(found) > A_PAGE else None,
        "is_first": before is None,
        "may_run": request.user.has_perm(GIFTS.permission),
    }
    return show(request, "admin/campaigns_list.html", "Campaigns", **context)


@page("campaigns/new/", name="campaign_new", permission=GIFTS.permission)
def new(request: HttpRequest) -> HttpResponse:
    form = CampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            campaign = services.open_campaign(
                name=data["name"],
                account=data["account"],
                livemode=data["mode"] == "live",
                template=data["template"],
                defaults=form.defaults(),
                is_paid=data["is_paid"],
                actor=actor_of(request),
                now=timezone.now(),
                campaign_id=uuid_of(request.POST.get("token", "")),
            )
        except ApplicationError as refusal:
            for error in refusal.errors:
                form.add_error(error.field if error.field in form.fields else None, error.detail)
            if not refusal.errors:
                form.add_error(None, refusal.detail)
        else:
            return redirect("admin:campaign", pk=campaign.pk)
    token = request.POST.get("token") or uuid7()
    return show(request, "admin/campaigns_new.html", "New campaign", form=form, token=token)


def _in_words(name: str, value: str) -> str:
    return value.replace("T", ", ") if name == "deliver_at" else value


def _campaign_page(request: HttpRequest, pk: UUID, *, words: str = "", status: int = 200) -> HttpResponse:
    """With `?part=progress`, only what changes by itself."""
    is_part = request.GET.get("part") == "progress"
    standing = _standing_or_404(pk)
    found, stage, is_running = standing.campaign, standing.stage, standing.is_going_on
    sheets = list(sheets_of(pk)[:20])
    latest = next((sheet for sheet in sheets if sheet.state not in NOT_THERE), None)
    by_status = selectors.gifts_by_status(pk)
    may_run = request.user.has_perm(GIFTS.permission)
    context: dict[str, Any] = {
        "campaign": found,
        "defaults": [(name.replace("_", " "), _in_words(name, value)) for name, value in found.defaults.items()],
        "stage": stage,
        "stage_tone": TONES.get(stage, "info"),
        "sheets": sheets,
        "gifts": _gift_tiles(pk, by_status),
        "made": sum(by_status.values()),
        "is_running": is_running,
        "may_run": may_run,
        "has_begun": any(by_status.values()) or stage in {CampaignStage.RUNNING, CampaignStage.DONE},
        "may_cancel": may_run and is_running and found.canceled_at is None,
        "waits_for_payment": found.account.order_gate == OrderGate.ALWAYS and not found.is_paid,
        "refusal": words,
    }
    if may_run and latest is not None and (not is_part or latest.state in BEFORE_CHECKED):
        context |= {"has_report": True, **report_context(latest, GIFTS)}
    if is_part:
        return show(request, "admin/campaigns_part.html", found.name, **context)
    if may_run and found.canceled_at is None:
        context |= _next_step(request, found, latest, good=context.get("good", 0))
    return show(request, "admin/campaigns_campaign.html", f"Campaign: {found.name}", status=status, **context)


def _next_step(request: HttpRequest, campaign: Campaign, latest: Sheet | None, *, good: int) -> dict[str, Any]:
    """What its forms need: for approving the sheet that is checked, and for the next file."""
    state = latest.state if latest else None
    if state in BEFORE_CHECKED:
        return {}
    step = {"upload_action": request.path, **upload_context(GIFTS, campaign.pk)}
    if state == SheetState.CHECKED and good:
        costs = estimate(campaign, good, now=timezone.now())
        step |= {"estimate": costs, "at_once": AT_ONCE, "reason": ReasonForm(label_suffix="")}
    return step


def _campaign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A POST takes a file in."""
    if request.method != "POST":
        return _campaign_page(request, pk)
    if not request.user.has_perm(GIFTS.permission):
        raise PermissionDenied(f"A campaign's file needs the permission {GIFTS.permission}.")
    try:
        services.insist_on_open(pk)
        received(request, GIFTS, scope_id=pk)
    except ApplicationError as refusal:
        return _campaign_page(request, pk, words=refusal_words(refusal), status=refusal.status)
    return redirect("admin:campaign", pk=pk)


page("campaigns/<uuid:pk>/", name="campaign", permission=LOOK)(at_the_door(_campaign, refuse=_campaign_page))


@page("campaigns/<uuid:pk>/approve/<uuid:sheet>/", name="campaign_approve", permission=GIFTS.permission)
@fresh_sign_in
def approve(request: HttpRequest, pk: UUID, sheet: UUID) -> HttpResponse:
    if request.method == "POST" and (why := reason_given(request)):
        now = timezone.now()
        try:
            with acting(why=why):
                batch = services.approve_campaign(pk, sheet, actor=actor_of(request), why=why, now=now)
        except ApplicationError as refusal:
            messages.error(request, refusal_words(refusal))
        except Sheet.DoesNotExist:
            raise Http404 from None
        else:
            if batch.created_at != now:
                messages.info(request, f"It was approved already, by {who(batch.created_by)}: nothing more was done.")
            else:
                messages.success(request, "Approved. The gifts are being made; you can leave the page.")
    return redirect("admin:campaign", pk=pk)


@page("campaigns/<uuid:pk>/cancel/", name="campaign_cancel", permission=GIFTS.permission)
@fresh_sign_in
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then calls off what is not sent."""
    found = _campaign_or_404(pk)
    by_status = selectors.gifts_by_status(pk)
    to_cancel = sum(by_status[name] for name in CANCELABLE)
    stays = sum(by_status.values()) - to_cancel - by_status[GiftStatus.CANCELED]

    def act(answers: Answers, _version: int) -> str:
        services.cancel_campaign(pk, actor=actor_of(request), why=answers["reason"], now=timezone.now())
        return f"Called off. {to_cancel} gifts that are not sent are being canceled; {stays} that were sent stay."

    waiting = sum(
        sheet.batch.total - sheet.batch.done_count - sheet.batch.failed_count
        for sheet in sheets_of(pk)
        if sheet.batch is not None and sheet.batch.state in OPEN
    )
    question = Question(
        title="Call off what is not sent",
        about=found.name,
        says=[
            f"Rows without a gift, {waiting}: no gift will be made of them.",
            f"Gifts not sent yet, {to_cancel}: they are canceled, their films deleted.",
            f"Gifts already sent, {stays}: they stay as they are.",
        ],
        button="Cancel the rest",
        back=reverse("admin:campaign", args=[pk]),
        final="Nothing more can be approved in this campaign.",
        is_dangerous=True,
    )
    return ask(request, question, act)


@page("campaigns/<uuid:pk>/gifts/<slug:status>/", name="campaign_gifts", permission="api.view_gift")
def gifts(request: HttpRequest, pk: UUID, status: str) -> HttpResponse:
    """The campaign's gifts in one state."""
    found = _campaign_or_404(pk)
    if status not in GiftStatus.values:
        raise Http404
    made = selectors.gifts_of(pk, status, limit=SHOWN_GIFTS + 1)
    return show(
        request,
        "admin/campaigns_gifts.html",
        f"{found.name}: {status}",
        campaign=found,
        chosen=GiftStatus(status),
        made=made[:SHOWN_GIFTS],
        has_more=len(made) > SHOWN_GIFTS,
    )


def _gift_tiles(pk: UUID, by_status: dict[str, int]) -> list[tuple[GiftStatus, int, str, str]]:
    tiles = []
    for name, count in by_status.items():
        status = GiftStatus(name)
        if not count and status not in ALWAYS_SHOWN:
            continue
        tone = "good" if status in GOOD else "bad" if status in BAD else "info"
        tiles.append((status, count, tone if count else "", reverse("admin:campaign_gifts", args=[pk, name])))
    return tiles


def _campaign_or_404(pk: UUID) -> Campaign:
    return _standing_or_404(pk).campaign


def _standing_or_404(pk: UUID) -> selectors.Standing:
    try:
        return selectors.standing_of(pk)
    except NotFoundError:
        raise Http404 from None

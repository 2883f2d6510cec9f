"""The founders' first page: how today goes. What it shows was counted in the background, or is cheap to look at."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from accounts.models import Account
from api.today import panels
from api.today.contents import CHART_DAYS, SHOPS_OF_DAYS, WINDOWS
from api.today.counting import LIVE, MODES
from api.today.links import Links
from api.today.models import Figures
from api.today.selectors import Queue, figures_of, is_fresh, queue
from api.today.services import ask_for_figures
from giftflick.admin_pages import page

SEEN = (
    "api.view_gift", "api.view_render", "api.view_message", "api.view_job", "api.view_upload",
    "api.view_webhookendpoint", "api.view_template", "accounts.view_account", "accounts.add_account",
    "accounts.add_apikey",
)  # fmt: skip


def fill_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold calls it for the admin's index."""
    return {**context, "title": "Today", **_today(request)}


@page("today/figures/", name="today_figures", permission=None)
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The part that the page exchanges once newer figures are there; 204 while there are none."""
    shown = _today(request)
    after = _moment(request.GET.get("after", ""))
    if shown["as_of"] is None or (after is not None and shown["as_of"] <= after):
        return HttpResponse(status=204)
    return TemplateResponse(request, "admin/today_figures.html", shown)


def _today(request: HttpRequest) -> dict[str, Any]:
    """Also asks for newer figures where these are older than a minute."""
    now = timezone.now()
    mode = request.GET.get("mode", LIVE)
    mode = mode if mode in MODES else LIVE
    given = request.GET.get("days", "")
    days = int(given) if given in map(str, WINDOWS) else 30
    found = figures_of(mode)
    if not (fresh := is_fresh(found, now=now)):
        ask_for_figures(now=now)
    may = {permission.partition(".")[2] for permission in SEEN if request.user.has_perm(permission)}
    shown = {
        "mode": mode,
        "days": days,
        "windows": WINDOWS,
        "chart_days": CHART_DAYS,
        "shops_of_days": SHOPS_OF_DAYS,
        "as_of": found.as_of,
        "is_fresh": fresh,
        "may": may,
    }
    if found.as_of is None:
        return shown
    return {**shown, **_panels(found, days, may, today=found.as_of.date(), waiting=queue(now=now))}


def _panels(found: Figures, days: int, may: set[str], *, today: date, waiting: Queue) -> dict[str, Any]:
    """All of it as on the day of the counting, though the next may have begun."""
    content, links = found.content, Links(found.mode, today)
    bars, top = panels.chart(content, links)
    delivered, outcomes = panels.mails(content, links, days)
    names = Account.objects.in_bulk([shop["id"] for shop in content["shops"]]) if "view_account" in may else {}
    return {
        "needs": panels.needs(content, waiting, links, may),
        "headlines": panels.headlines(content, waiting, links, days, may),
        "is_empty": not content["states"],
        "states": panels.states_now(content, links),
        "total": f"{sum(content['states'].values()):,}",
        "bars": bars,
        "top": f"{top:,}",
        "middle": f"{top / 2:,g}",
        "shown_states": panels.shown_states(bars),
        "funnel": panels.funnel(content, links, days),
        "renders": panels.renders(content, links, days),
        "delivered": delivered,
        "outcomes": outcomes,
        "jobs": panels.jobs(waiting, links),
        "expiring": panels.expiring(content, links),
        "kept": panels.kept(content, links),
        "cost": panels.cost(content, links, found.mode, today),
        "shops": panels.shops(content, {str(key): shop.name for key, shop in names.items()}, links),
    }


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is None or timezone.is_aware(moment) else None

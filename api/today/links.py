"""The lists behind the first page's numbers, each by filters that an index serves."""

from datetime import date, datetime

from django.urls import reverse
from django.utils.http import urlencode

from api.gifts.states import ENDED, EXPIRING, GiftStatus
from api.today.contents import DOUBLES_OF_DAYS
from api.today.counting import DAY, LIVE, midnight

STEP_FILTERS = {
    "created": {},
    "rendered": {"rendered_at__isnull": "False"},
    "sent": {"sent_at__isnull": "False"},
    "watched": {"watched_at__isnull": "False"},
    "thanked": {"thanked": "yes"},
}
ALIVE = sorted(set(GiftStatus) - ENDED)


class Links:
    """Of one mode, as seen today."""

    def __init__(self, mode: str, today: date) -> None:
        self._is_live = {"livemode__exact": "1" if mode == LIVE else "0"}
        self._today = today

    def gifts(self, **filters: str) -> str:
        return _listed("api_gift", **self._is_live, **filters)

    def gifts_in(self, status: str) -> str:
        return self.gifts(status__exact=status)

    def gifts_of_day(self, day: date, status: str = "") -> str:
        return self.gifts(**_between(day, day + DAY), **({"status__exact": status} if status else {}))

    def gifts_at(self, step: str, days: int) -> str:
        return self.gifts(**self._since(days), **STEP_FILTERS[step])

    def gifts_of_shop(self, shop_id: str, days: int) -> str:
        return self.gifts(**self._since(days), account__id__exact=shop_id)

    def gifts_expiring(self, day: date) -> str:
        return self.gifts(**_between(day, day + DAY, field="expires_at"), status__in=",".join(sorted(EXPIRING)))

    def gifts_alive(self) -> str:
        return self.gifts(status__in=",".join(ALIVE))

    def renders(self, status: str, days: int) -> str:
        is_live = {f"gift__{name}": value for name, value in self._is_live.items()}
        return _listed("api_render", **is_live, **self._since(days), status__exact=status)

    def mails(self, status: str, days: int) -> str:
        return _listed("api_message", **self._is_live, **self._since(days), status__exact=status)

    def mails_accepted(self, days: int) -> str:
        return _listed("api_message", **self._is_live, **self._since(days), accepted_at__isnull="False")

    def possible_doubles(self) -> str:
        since = self._since(DOUBLES_OF_DAYS)
        return _listed("api_message", **self._is_live, **since, is_possible_double__exact="1")

    def webhooks_switched_off(self) -> str:
        return _listed("api_webhookendpoint", **self._is_live, enabled__exact="0", disabled_reason__in="failing,gone")

    def uploads_kept(self) -> str:
        return _listed("api_upload", **self._is_live, status__exact="ready")

    def jobs(self, state: str) -> str:
        return _listed("api_job", state__exact=state)

    def _since(self, days: int) -> dict[str, str]:
        return {"created_at__gte": _moment(midnight(self._today - DAY * (days - 1)))}


def _listed(page: str, **filters: str) -> str:
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode(filters)}"


def _between(start: date, end: date, *, field: str = "created_at") -> dict[str, str]:
    return {f"{field}__gte": _moment(midnight(start)), f"{field}__lt": _moment(midnight(end))}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"

"""A drill of films: gifts that are rendered, what the renderer was asked for, and what the bucket holds."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import Account
from api.delivery.models import Message
from api.gifts.models import Gift
from api.media import bucket
from api.outbox.models import Job
from api.outbox.services import LEASE
from api.rendering.models import Render
from tests import build
from tests.drills.drill import Drill
from tests.drills.renderer import Renderer
from tests.system import System

SECOND = timedelta(seconds=1)


class FilmDrill(Drill):
    """Its gifts are test gifts, whose mails do not leave, and wait for their order once they are ready."""

    def __init__(self, system: System, account: Account, now: datetime, renderer: Renderer) -> None:
        super().__init__(system, account, now)
        self._renderer = renderer

    def submitted_gift(self) -> Gift:
        """Its receipt forgotten: the next tick orders its film and does nothing else."""
        gift = build.rendering(self.account, self.now, livemode=False, order={"required": True})
        receipts = Message.objects.filter(gift=gift)
        Job.objects.filter(ref_id__in=receipts.values("pk")).delete()
        receipts.delete()
        return gift

    def ordered_gift(self) -> Gift:
        """The renderer has it."""
        gift = self.submitted_gift()
        self.tick(self.now)
        return gift

    def ready_gift(self) -> Gift:
        gift = self.ordered_gift()
        self._renderer.finish()
        self.tick(self.now + 20 * SECOND)
        gift.refresh_from_db()
        assert gift.status == "ready"
        return gift

    def kill(self, *points: str, at: datetime, nth: int = 1, command: str = "tick") -> None:
        super().kill(*points, at=at, nth=nth, command=command)
        self._renderer.wait_until_idle()

    def recover(self, *, after: timedelta = LEASE) -> None:
        """Some minutes with a worker that lives, and a renderer that gets done whatever it has."""
        for later in (10, 40, 70, 130, 190):
            self._renderer.finish()
            self.tick(self.now + after + later * SECOND)


def outcome(gift: Gift) -> tuple[str, list[str], int, int]:
    """Its state, those of its renders, how often it became ready, how often its sender was told so."""
    gift.refresh_from_db()
    renders = Render.objects.filter(gift=gift).order_by("id")
    became_ready = gift.events.filter(type="gift.ready").count()
    told = Message.objects.filter(gift=gift, kind="video_ready").count()
    return gift.status, list(renders.values_list("status", flat=True)), became_ready, told


def stored(gift: Gift) -> list[str]:
    """What the bucket holds of a gift's films and posters."""
    found = []
    for render in Render.objects.filter(gift=gift):
        answer = bucket.client().list_objects_v2(Bucket=settings.MEDIA_BUCKET, Prefix=f"renders/{render.pk}")
        found += [item["Key"] for item in answer.get("Contents", [])]
    return found


def assert_ready_once(gift: Gift) -> None:
    assert outcome(gift) == ("ready", ["succeeded"], 1, 1)
    film = build.awaited(gift)
    assert gift.film == film
    assert stored(gift) == [film.poster_key, film.key]

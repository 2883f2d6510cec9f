"""A worker killed while it counts for the first page: what it counted stays, and the next one goes on there."""

from datetime import timedelta

from api.outbox.models import Job
from api.today.models import DayCount, Figures
from api.today.services import DAYS_A_STEP, ask_for_figures
from tests import build
from tests.drills.drill import MINUTE
from tests.drills.mail_drill import MailDrill

DAY = timedelta(days=1)


def test_counting_that_is_cut_off_goes_on_where_it_was(drill: MailDrill) -> None:
    for ago in (0, 50):
        build.sent(drill.account, drill.now - ago * DAY)
    Job.objects.all().delete()
    ask_for_figures(now=drill.now)

    drill.kill("api.today.counting.count_gifts:call", at=drill.now, nth=2)

    counted = DayCount.objects.filter(kind="gifts", is_stale=False)
    first_step = {drill.now.date() - DAY * ago for ago in range(DAYS_A_STEP)}
    assert set(counted.values_list("day", flat=True)) == first_step
    assert Figures.objects.get(pk="live").as_of is None
    later = drill.now + 3 * MINUTE
    drill.tick(later)
    assert Figures.objects.get(pk="live").content["states"] == {"sent": 2}
    anew = set(counted.filter(counted_at__gte=later).values_list("day", flat=True))
    assert anew - first_step - {later.date()} == {drill.now.date() - DAY * ago for ago in range(DAYS_A_STEP, 51)}
    assert anew & first_step <= {drill.now.date(), later.date()}

"""What has been counted for the founders' first page, so that nobody waits for the counting."""

from django.db import models


class Counted(models.TextChoices):
    """What is counted by the day, in UTC, on which it was made."""

    GIFTS = "gifts"
    RENDERS = "renders"
    MAILS = "mails"


class DayCount(models.Model):
    """One day's gifts, renders or mails. `counts` has a part for each mode: `{"live": …, "test": …}`.

    A day that `is_stale` waits to be counted (again); one that `is_open` has rows without an outcome yet.
    """

    kind = models.CharField(max_length=10, choices=Counted.choices)
    day = models.DateField()
    counts = models.JSONField(default=dict)
    counted_at = models.DateTimeField()
    is_stale = models.BooleanField(default=True)
    is_open = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "day"], name="day_count_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.day}"


class Figures(models.Model):
    """All that the first page shows of a mode, made from the days' counts. `as_of` is None until it was first made."""

    mode = models.CharField(max_length=4, primary_key=True)
    as_of = models.DateTimeField(null=True, blank=True)
    content = models.JSONField(default=dict)
    events_up_to = models.UUIDField(
        null=True, blank=True, help_text="The newest entry of the gifts' timelines that has been taken into account."
    )

    class Meta:
        verbose_name_plural = "figures"

    def __str__(self) -> str:
        return f"figures of {self.mode}"

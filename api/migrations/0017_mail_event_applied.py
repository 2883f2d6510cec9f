"""An event of the mail service's counts once.

Those from before have counted: of these only the ones that keep an address from being mailed matter, as to count another
twice changes nothing. What a job is still to apply has not counted yet.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, F, OuterRef, Value
from django.db.models.functions import Concat


def count_what_was_applied(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001 - Django's signature
    MailEvent = apps.get_model("api", "MailEvent")  # noqa: N806 - a class
    Job = apps.get_model("api", "Job")  # noqa: N806
    key = Concat(Value("mail.events:"), OuterRef("sg_event_id"))
    is_to_be_applied = Exists(Job.objects.filter(dedupe_key=key).exclude(state="done"))
    events = MailEvent.objects.filter(type__in=["complained", "unsubscribed"]).exclude(is_to_be_applied)
    events.update(applied_at=F("received_at"))


class Migration(migrations.Migration):
    dependencies = [("api", "0016_console")]

    operations = [
        migrations.AddField(
            "mailevent",
            "applied_at",
            models.DateTimeField(
                blank=True, null=True, help_text="When its mail was brought up to date with it; once each."
            ),
        ),
        migrations.RunPython(count_what_was_applied, migrations.RunPython.noop),
    ]

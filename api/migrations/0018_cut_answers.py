from django.conf import settings
from django.db import migrations, models

import api.console.models


class Migration(migrations.Migration):
    dependencies = [("api", "0017_mail_event_applied"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            model_name="queryrun",
            name="cut",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="What kept more rows out.", max_length=5
            ),
        ),
        migrations.AlterField(
            model_name="savedquery",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=api.console.models.go_with_owner,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]

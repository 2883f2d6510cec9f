"""Who may operate, erase and export; and an index by which a gift's page finds what its shop was told."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('api', '0007_audit'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='gift',
            options={'permissions': [('operate_gift', 'Can render, release, correct, send, cancel and withdraw gifts'), ('erase_recipient', 'Can erase what gifts hold about a person'), ('export_pii', 'Can export names, addresses and words')]},
        ),
        migrations.AlterModelOptions(
            name='job',
            options={'permissions': [('operate_job', 'Can try dead jobs again, or forget them')]},
        ),
        AddIndexConcurrently(
            model_name='webhookdelivery',
            index=models.Index(fields=['event_id'], name='webhook_delivery_of_event'),
        ),
    ]

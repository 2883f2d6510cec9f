"""Who may operate, erase and export; plainer words for states; an index of what a gift's shop was told."""

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
        migrations.AlterField(
            model_name='job',
            name='state',
            field=models.CharField(choices=[('waiting', 'to be run, or running'), ('done', 'done; forgotten after a week'), ('dead', 'given up after all its tries; try it again by hand')], default='waiting', max_length=10),
        ),
        migrations.AlterField(
            model_name='render',
            name='status',
            field=models.CharField(choices=[('queued', 'waiting to be handed to the renderer'), ('submitted', 'the renderer has it'), ('succeeded', 'its film is verified'), ('failed', 'no film came of it'), ('abandoned', 'its gift no longer wants it')], default='queued', max_length=10),
        ),
        AddIndexConcurrently(
            model_name='webhookdelivery',
            index=models.Index(fields=['event_id'], name='webhook_delivery_of_event'),
        ),
    ]

"""For the founders' lists: newest first within what a filter finds, over all shops."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("api", "0009_saved_filters")]

    operations = [
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(fields=['status', 'id'], name='gift_of_state'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(fields=['account', 'id'], name='gift_of_shop'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(fields=['template', 'id'], name='gift_of_template'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(condition=models.Q(('livemode', False)), fields=['id'], name='gift_of_test'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(condition=models.Q(('delivery', 'link')), fields=['id'], name='gift_by_link'),
        ),
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(fields=['kind', 'id'], name='outbox_of_kind'),
        ),
        AddIndexConcurrently(
            model_name='mailevent',
            index=models.Index(fields=['type', 'id'], name='mail_event_of_type'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(fields=['kind', 'id'], name='message_of_kind'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('livemode', False)), fields=['id'], name='message_of_test'),
        ),
        AddIndexConcurrently(
            model_name='upload',
            index=models.Index(fields=['account', 'id'], name='upload_of_shop'),
        ),
        AddIndexConcurrently(
            model_name='upload',
            index=models.Index(fields=['status', 'id'], name='upload_of_state'),
        ),
        AddIndexConcurrently(
            model_name='upload',
            index=models.Index(fields=['content_type', 'id'], name='upload_of_type'),
        ),
        AddIndexConcurrently(
            model_name='upload',
            index=models.Index(condition=models.Q(('livemode', False)), fields=['id'], name='upload_of_test'),
        ),
        AddIndexConcurrently(
            model_name='webhookdelivery',
            index=models.Index(fields=['status', 'id'], name='webhook_delivery_of_state'),
        ),
    ]

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """For the founders' lists, counts and search, which look over all accounts."""

    atomic = False

    dependencies = [("api", "0013_figures")]

    operations = [
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(fields=['created_at'], name='gift_by_day'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower('recipient_email'), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='gift_find_recipient_email'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower('sender_email'), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='gift_find_sender_email'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower('recipient_name'), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='gift_find_recipient_name'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower('sender_name'), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='gift_find_sender_name'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower(models.Func(models.F('recipient_name'), models.Value('^.*\\s'), models.Value(''), function='regexp_replace')), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='gift_find_recipient_last'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower(models.Func(models.F('sender_name'), models.Value('^.*\\s'), models.Value(''), function='regexp_replace')), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='gift_find_sender_last'),
        ),
        AddIndexConcurrently(
            model_name='gift',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower('order_reference'), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), condition=models.Q(('order_reference', ''), _negated=True), name='gift_find_order'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(fields=['created_at'], name='message_by_day'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('status__in', ['bounced', 'queued', 'refused', 'sending', 'unknown'])), fields=['status', 'id'], name='message_undelivered'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('is_possible_double', True)), fields=['id'], name='message_possible_double'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower('to_email'), 'C'), django.db.models.OrderBy(models.F('id'), descending=True), name='message_find_to_email'),
        ),
        AddIndexConcurrently(
            model_name='render',
            index=models.Index(fields=['created_at'], name='render_by_day'),
        ),
        AddIndexConcurrently(
            model_name='render',
            index=models.Index(condition=models.Q(('status', 'succeeded'), _negated=True), fields=['status', 'id'], name='render_without_film'),
        ),
        AddIndexConcurrently(
            model_name='upload',
            index=models.Index(condition=models.Q(('status', 'ready')), fields=['livemode'], include=('size',), name='upload_bytes_kept'),
        ),
    ]

"""Mails: intents, outcomes and the mail service's events."""

from django.db import models
from django.db.models import F, Q
from uuid6 import uuid7

from api.delivery.states import OPEN, UNDELIVERED, EventType, MessageKind, MessageStatus
from api.search.terms import folded


class Message(models.Model):
    """A mail's intent, written before it is sent, and its outcome. Its id is all that the mail service stores of us."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    gift = models.ForeignKey("api.Gift", on_delete=models.CASCADE, null=True, blank=True, related_name="messages")
    thanks = models.ForeignKey("api.Thanks", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    endpoint = models.ForeignKey(
        "api.WebhookEndpoint", on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        help_text="What a mail is about that is about no gift.",
    )  # fmt: skip
    kind = models.CharField(max_length=20, choices=MessageKind.choices)
    status = models.CharField(max_length=10, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    to_email = models.EmailField()
    to_name = models.CharField(max_length=100)
    attempts = models.PositiveSmallIntegerField(default=0)
    provider_id = models.CharField(max_length=100, blank=True, db_index=True)
    failure = models.JSONField(null=True, blank=True)
    is_possible_double = models.BooleanField(
        default=False, help_text="Sent again because the mail service's word on the first never came."
    )
    created_at = models.DateTimeField()
    sending_started_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True, help_text="When the mail service first spoke of it.")

    class Meta:
        verbose_name = "mail"
        constraints = [
            models.CheckConstraint(
                condition=Q(gift__isnull=False, endpoint__isnull=True) | Q(gift__isnull=True, endpoint__isnull=False),
                name="message_about_one_thing",
            ),
            models.UniqueConstraint(
                fields=["gift"], condition=Q(kind="gift", status__in=sorted(OPEN)), name="message_one_open_gift_mail"
            ),
        ]
        indexes = [
            models.Index(fields=["gift", "id"], name="message_of_gift"),
            models.Index(fields=["account", "created_at"], name="message_per_day"),
            models.Index(
                fields=["sending_started_at"], condition=Q(reported_at__isnull=False), name="message_reported"
            ),
            models.Index(fields=["kind", "id"], name="message_of_kind"),
            models.Index(fields=["id"], condition=Q(livemode=False), name="message_of_test"),
            # The founders' lists, counts and search, over all accounts.
            models.Index(fields=["created_at"], name="message_by_day"),
            models.Index(
                fields=["status", "id"], condition=Q(status__in=sorted(UNDELIVERED)), name="message_undelivered"
            ),
            models.Index(fields=["id"], condition=Q(is_possible_double=True), name="message_possible_double"),
            models.Index(folded("to_email"), F("id").desc(), name="message_find_to_email"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} mail {self.id}"


class MailEvent(models.Model):
    """What the mail service reported, once each; addresses are not kept."""

    sg_event_id = models.CharField(max_length=100, unique=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    type = models.CharField(max_length=40, choices=EventType.choices)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(
        null=True, blank=True, help_text="When its mail was brought up to date with it; once each."
    )
    raw = models.JSONField()

    class Meta:
        verbose_name = "SendGrid event"
        indexes = [models.Index(fields=["type", "id"], name="mail_event_of_type")]

    def __str__(self) -> str:
        return f"{self.type} {self.sg_event_id}"

"""The gift, its media and its timeline."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from uuid6 import uuid7

from api.audit.changes import PendingEntry
from api.gifts.states import BEFORE_SENT, ENDED, EXPIRING, Delivery, GiftStatus, OrderStatus
from api.tokens import new_token


class Gift(models.Model):
    """A film for somebody. Its status moves only through `api.gifts.lifecycle`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=GiftStatus.choices, default=GiftStatus.DRAFT)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)

    template = models.ForeignKey("api.Template", on_delete=models.PROTECT, related_name="+")
    occasion = models.CharField(max_length=40, blank=True)
    sender_name = models.CharField(max_length=100)
    sender_email = models.EmailField()
    recipient_name = models.CharField(max_length=100)
    recipient_email = models.EmailField(blank=True)
    message = models.TextField(max_length=1000, blank=True)
    fields = models.JSONField(default=dict, blank=True)
    product = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    media = models.ManyToManyField("api.Upload", through="GiftMedia", related_name="gifts")
    metadata = models.JSONField(default=dict, blank=True)

    order_required = models.BooleanField(default=False)
    order_reference = models.CharField(max_length=100, blank=True)
    order_status = models.CharField(max_length=10, choices=OrderStatus.choices, default=OrderStatus.PENDING)
    approval_required = models.BooleanField(default=False)
    approved_at = models.DateTimeField(null=True, blank=True)

    delivery = models.CharField(max_length=5, choices=Delivery.choices, default=Delivery.EMAIL)
    deliver_at = models.DateTimeField(null=True, blank=True, help_text="None: as soon as it may.")
    deliver_wall = models.CharField(
        max_length=26, blank=True, help_text="The wall time that deliver_at is computed from, where it was given so."
    )
    timezone = models.CharField(max_length=64, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When a scheduled gift is next looked at.")

    render = models.ForeignKey(
        "api.Render", on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="The render whose result this gift waits for, or waited for last.",
    )  # fmt: skip
    film = models.ForeignKey(
        "api.Render", on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="The newest verified render.",
    )  # fmt: skip
    failure = models.JSONField(null=True, blank=True)
    bounced_email = models.EmailField(blank=True, help_text="The address that bounced last.")
    watched_percent = models.PositiveSmallIntegerField(default=0)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    rendered_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    watched_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it expired or was canceled.")
    forgotten_at = models.DateTimeField(null=True, blank=True, help_text="When its names and words were blanked.")
    last_event_at = models.DateTimeField(null=True, blank=True, editable=False)

    pending_entry: PendingEntry | None = None  # from `lifecycle.lock` to `lifecycle.save`

    class Meta:
        permissions = [
            ("operate_gift", "Can render, release, correct, send, cancel and withdraw gifts"),
            ("erase_recipient", "Can erase what gifts hold about a person"),
            ("export_pii", "Can export names, addresses and words"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=GiftStatus.values), name="gift_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(BEFORE_SENT | ENDED)) | Q(sent_at__isnull=False),
                name="gift_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ready", "scheduled", "sent", "watched", "bounced"]) | Q(film__isnull=False),
                name="gift_ready_has_film",
            ),
            models.CheckConstraint(
                condition=~Q(status="scheduled")
                | (
                    (Q(order_required=False) | Q(order_status="paid"))
                    & (Q(approval_required=False) | Q(approved_at__isnull=False))
                ),
                name="gift_scheduled_is_released",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "livemode", "id"], name="gift_newest"),
            models.Index(fields=["account", "livemode", "status", "id"], name="gift_by_status"),
            models.Index(
                fields=["account", "livemode", "status", "deliver_at", "id"], name="gift_by_status_and_delivery"
            ),
            models.Index(fields=["account", "livemode", "order_reference", "id"], name="gift_by_order"),
            models.Index(fields=["account", "livemode", "deliver_at", "id"], name="gift_by_delivery"),
            models.Index("account", "livemode", Lower("recipient_email"), "id", name="gift_by_recipient"),
            models.Index(fields=["due_at"], condition=Q(status="scheduled"), name="gift_due"),
            models.Index(fields=["expires_at"], condition=Q(status__in=sorted(EXPIRING)), name="gift_expiring"),
            models.Index(fields=["updated_at"], condition=Q(status__in=["draft", "failed"]), name="gift_untouched"),
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False, forgotten_at__isnull=True),
                name="gift_to_forget",
            ),
            # The founders' list, over all shops: newest first within what a filter finds.
            models.Index(fields=["status", "id"], name="gift_of_state"),
            models.Index(fields=["account", "id"], name="gift_of_shop"),
            models.Index(fields=["template", "id"], name="gift_of_template"),
            models.Index(fields=["id"], condition=Q(livemode=False), name="gift_of_test"),
            models.Index(fields=["id"], condition=Q(delivery="link"), name="gift_by_link"),
        ]

    def __str__(self) -> str:
        return f"gift {self.id}"


class GiftMedia(models.Model):
    """An upload's place in a gift."""

    gift = models.ForeignKey(Gift, on_delete=models.CASCADE)
    upload = models.ForeignKey("api.Upload", on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["gift", "upload"], name="gift_media_once")]

    def __str__(self) -> str:
        return f"{self.gift_id} {self.position}"


class GiftEvent(models.Model):
    """One thing that happened to a gift. Never changed; times strictly increase within a gift."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, related_name="events")
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.CharField(max_length=160)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gift", "at"], name="gift_event_order")]

    def __str__(self) -> str:
        return self.type

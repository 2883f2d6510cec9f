"""Who is calling: the shops, their keys, and the people who run Giftflick."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from uuid6 import uuid7


class Scope(models.TextChoices):
    """What a key may do. A key that sits in a shop's web page has the first four only."""

    ACCOUNT_READ = "account:read"
    GIFTS_READ = "gifts:read"
    GIFTS_WRITE = "gifts:write"
    UPLOADS_WRITE = "uploads:write"
    ORDERS_WRITE = "orders:write"
    WEBHOOKS_WRITE = "webhooks:write"


WEB_PAGE_SCOPES = [Scope.ACCOUNT_READ, Scope.GIFTS_READ, Scope.GIFTS_WRITE, Scope.UPLOADS_WRITE]


class OrderGate(models.TextChoices):
    ALWAYS = "always", "every gift waits for its order to be paid"
    PER_GIFT = "per_gift", "each gift says whether it waits"


class User(AbstractUser):
    """A founder or a member of the team, who signs in to the admin."""

    sessions_ended = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Counted up to sign somebody out everywhere."
    )

    class Meta(AbstractUser.Meta):
        verbose_name, verbose_name_plural = "colleague", "team"
        permissions = [("manage_team", "Can invite, change and let go members of the team")]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session holds until the password is changed, and also until all of them are ended."""
        of_password: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{of_password}-{self.sessions_ended}"


class Account(models.Model):
    """A shop. Everything it makes is reached through it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    email = models.EmailField(help_text="Where the shop hears from us.")
    order_gate = models.CharField(max_length=10, choices=OrderGate.choices, default=OrderGate.ALWAYS)
    requests_per_minute = models.PositiveIntegerField(default=600, help_text="Calls a minute for each key.")
    mails_per_day = models.PositiveIntegerField(
        default=2000, help_text="Gift mails a day; what is over it goes out the next day."
    )
    domains = ArrayField(
        models.CharField(max_length=253),
        default=list,
        blank=True,
        help_text="Where the shop's products live. If any are listed, product links and pictures must be on them.",
    )
    origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=[],
        blank=True,
        help_text="The shop's own pages that may call the API from a browser, such as https://shop.example.com.",
    )
    suspended_at = models.DateTimeField(null=True, blank=True, help_text="Since then every key of the shop is refused.")
    resumed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A suspension before this is over wherever it still stands."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "shop"
        indexes = [GinIndex(fields=["origins"], name="account_by_origin")]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key's record. The key itself is shown once and stored nowhere; only its SHA-256 is."""

    id = models.CharField(primary_key=True, max_length=12, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    livemode = models.BooleanField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(editable=False)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaced_by",
        help_text="The key that this one was issued in place of.",
    )  # fmt: skip
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = models.CharField(max_length=150, blank=True, db_default="", default="", editable=False)
    last_used_on = models.DateField(null=True, blank=True, editable=False)
    form_token = models.UUIDField(
        null=True, unique=True, editable=False, help_text="Of the form it was issued by, which issues no second one."
    )

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class RateWindow(models.Model):
    """How many of a caller's calls in the present window are taken, by processes that took them in advance."""

    caller = models.CharField(primary_key=True, max_length=80)
    started_at = models.DateTimeField()
    taken = models.PositiveIntegerField()
    granted = models.PositiveIntegerField(help_text="How many the last process to ask was given.")

    class Meta:
        indexes = [models.Index(fields=["started_at"], name="rate_window_by_age")]

    def __str__(self) -> str:
        return self.caller

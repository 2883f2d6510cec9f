"""What recipients answer."""

from django.db import models
from uuid6 import uuid7

THANKS_A_GIFT = 3


class Thanks(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gift = models.ForeignKey("api.Gift", on_delete=models.CASCADE, related_name="thanks")
    message = models.TextField(max_length=1000)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "thanks"

    def __str__(self) -> str:
        return f"thanks {self.id}"

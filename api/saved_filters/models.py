"""A list's filters, kept under a name."""

from django.conf import settings
from django.db import models

LONGEST_QUERY = 1000


class SavedFilter(models.Model):
    """Which filters and which order of a list; never a search term, which may be somebody's address."""

    list = models.CharField(max_length=60, help_text="The model that it lists, such as api.gift.")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=LONGEST_QUERY)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    is_shared = models.BooleanField(default=False, help_text="Shown to the whole team.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "list", "name"], name="saved_filter_once")]
        indexes = [models.Index(fields=["list", "name"], name="saved_filter_of_list")]

    def __str__(self) -> str:
        return self.name

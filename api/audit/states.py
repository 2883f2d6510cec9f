"""The doors through which things are changed."""

from django.db.models import TextChoices


class Door(TextChoices):
    ADMIN = "admin", "somebody of the team, in the admin"
    API = "api", "a shop, by an API key"
    COMMAND = "command", "a management command"
    IMPORT = "import", "a spreadsheet"
    VENDOR = "vendor", "the renderer's or SendGrid's callback"
    RECIPIENT = "recipient", "the recipient, on the watch page"
    SYSTEM = "system", "the system itself, as time goes by"

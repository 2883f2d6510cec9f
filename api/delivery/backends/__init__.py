"""The mail service that the settings name."""

from django.conf import settings
from django.utils.module_loading import import_string

from api.delivery.backends.base import MailBackend
from giftflick.secrets import kept_until_secrets_change


@kept_until_secrets_change
def get_backend() -> MailBackend:
    """One a process, which its threads share. Raises ImproperlyConfigured."""
    backend: type[MailBackend] = import_string(settings.MAIL_BACKEND)
    return backend.from_settings()

"""The mail service that the settings name."""

from django.conf import settings
from django.utils.module_loading import import_string

from api.delivery.backends.base import Accepted, Mail, MailBackend
from api.exceptions import BackendError
from giftflick.secrets import kept_until_secrets_change


@kept_until_secrets_change
def get_backend() -> MailBackend:
    """One a process, which its threads share. Raises ImproperlyConfigured."""
    backend: type[MailBackend] = import_string(settings.MAIL_BACKEND)
    return backend.from_settings()


def send(mail: Mail) -> Accepted:
    """Raises BackendError. Refused for a key that was exchanged since, it is sent with the new one."""
    backend = get_backend()
    try:
        return backend.send(mail)
    except BackendError as refusal:
        if refusal.outcome_unknown or get_backend() is backend:
            raise
    return get_backend().send(mail)

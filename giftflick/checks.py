"""What `check --deploy` builds, so that a wrong setting is found there and not at its first use."""

from collections.abc import Callable
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from api.delivery.backends import get_backend as get_mail_backend
from api.delivery.events import get_verifier
from api.rendering.backends import get_backend as get_render_backend
from giftflick.sentry import check_dsn

BUILT: dict[str, Callable[[], object]] = {
    "giftflick.E001": get_mail_backend,
    "giftflick.E002": get_verifier,
    "giftflick.E003": get_render_backend,
    "giftflick.E005": check_dsn,
}


@register(deploy=True)
def check_vendors(**_options: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for number, build in BUILT.items():
        try:
            build()
        except (ImproperlyConfigured, ImportError) as error:
            errors.append(Error(str(error), id=number))
    return errors

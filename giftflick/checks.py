"""What `check` adds to Django's own: each variable that is missing or malformed, each in a line of its own."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from api.delivery.backends import get_backend as get_mail_backend
from api.delivery.events import get_verifier
from api.media.links import get_signer
from api.rendering.backends import get_backend as get_render_backend
from giftflick import env, secrets
from giftflick.secrets import database_login
from giftflick.sentry import check_dsn

# What is built, so that a wrong setting is found here and not at its first use. A problem begins with the variable.
BUILT: dict[str, Callable[[], object]] = {
    "giftflick.E001": get_mail_backend,
    "giftflick.E002": get_verifier,
    "giftflick.E003": get_render_backend,
    "giftflick.E004": get_signer,
    "giftflick.E005": check_dsn,
}

# What a laptop does without and a stage must have, by the setting that it becomes.
NEEDED_ON_A_STAGE = {
    "EDGE_SECRET": "EDGE_SECRET",
    "MEDIA_URL": "SIGNED_MEDIA_URL",
    "MEDIA_KEY_ID": "MEDIA_KEY_ID",
    "MEDIA_PRIVATE_KEY": "MEDIA_PRIVATE_KEY",
    "WAKE_FUNCTION": "WAKE_FUNCTION",
    "DATABASE_SECRET": "DATABASE_SECRET",
}


@register
def check_environment(**_options: Any) -> list[CheckMessage]:
    """What the settings found; it is still there only if `manage.py check` had them go on."""
    return [Error(problem, id="giftflick.E010") for problem in env.problems().values()]


@register(deploy=True)
def check_vendors(**_options: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for number, build in BUILT.items():
        try:
            build()
        except (ImproperlyConfigured, ImportError) as error:
            lines = [line for line in str(error).splitlines() if line.split(" ")[0] not in env.problems()]
            errors += [Error(line, id=number) for line in lines]
    return errors


@register(deploy=True)
def check_stage(**_options: Any) -> list[CheckMessage]:
    if not settings.STAGE:
        return []
    errors: list[CheckMessage] = [
        Error(f"{variable} is not set, which the stage {settings.STAGE} needs", id="giftflick.E011")
        for variable, setting in NEEDED_ON_A_STAGE.items()
        if not getattr(settings, setting)
    ]
    if settings.DATABASE_SECRET and not database_login():
        secrets.reread("no login yet")  # another process may have made one since
    if settings.DATABASE_SECRET and not database_login():
        errors.append(Error("DATABASE_SECRET holds no login yet: run prepare_database", id="giftflick.E012"))
    return errors

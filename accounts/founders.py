"""Founders: made by a command, who choose their password by a link that is mailed to them.

The link's token is Django's for a forgotten password: signed with SECRET_KEY, for 24 hours, and over as soon as a
password is chosen or somebody signs in. Until then an earlier link goes on working beside a later one.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.groups import FOUNDER
from accounts.models import User
from accounts.team import lock_founders
from api.audit.changes import made
from api.audit.services import record
from api.delivery import backends
from api.delivery.backends.base import Address, Mail
from api.delivery.content import BRAND
from api.exceptions import InvalidStateError
from giftflick.plain_templates import PLAIN

SUBJECT = f"Choose your password for {BRAND}"


def make_founder(*, email: str, username: str, now: datetime) -> tuple[User, bool]:
    """The founder with this address, and whether there was none before; a new one cannot sign in without a password.

    Raises InvalidStateError if the address or the name is somebody's who is no founder: the admin can make them one.
    """
    fields: dict[str, Any] = {
        "email": email,
        "is_staff": True,
        "is_superuser": True,
        "password": make_password(None),
    }
    with transaction.atomic():
        lock_founders()  # whoever invites somebody waits, or is waited for
        user, is_new = User.objects.filter(email__iexact=email).order_by("pk").first(), False
        if user is None:
            user, is_new = User.objects.get_or_create(username=username, defaults=fields)
        if is_new:
            user.groups.set(Group.objects.filter(name=FOUNDER))
            changes = made({"name": username, "groups": [FOUNDER], "superuser": True})
            record("member.invited", subject=user, changes=changes, now=now)
    if user.email.lower() != email.lower():
        raise InvalidStateError("Somebody else signs in by this name: give another one with --name=….")
    if not (user.is_active and user.is_staff and user.is_superuser):
        raise InvalidStateError("This address is a user's who is no founder, or no longer: change that in the admin.")
    return user, is_new


def mail_link(user: User, *, now: datetime) -> None:
    """Send the user a link to choose a password, and record that, but nothing of the link. Raises BackendError.

    Not to be called in a transaction: the mail would be gone, and the record of it might not come.
    """
    link = reverse("founders:password", args=[urlsafe_base64_encode(force_bytes(user.pk)), _token(user)])
    context = {
        "subject": SUBJECT,
        "brand": BRAND,
        "name": user.username,
        "url": f"{settings.BASE_URL}{link}",
        "admin_url": f"{settings.BASE_URL}{reverse('admin:index')}",
        "until": f"{now + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT):%A, %H:%M} UTC",
    }
    backends.send(
        Mail(
            message_id=uuid4(),
            kind="founder_link",
            from_name=BRAND,
            to=Address(user.email, user.username),
            reply_to=None,
            subject=SUBJECT,
            html=render_to_string("mail_founder_link.html", context, using=PLAIN),
            text=render_to_string("mail_founder_link.txt", context, using=PLAIN).strip() + "\n",
        )
    )
    record("password_link.sent", subject=user, now=now)


def _token(user: User) -> str:
    return default_token_generator.make_token(user)

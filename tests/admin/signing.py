"""Somebody of the team who has signed in with a second factor, without going through the pages for it."""

from datetime import datetime

from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_static.models import StaticDevice

from accounts.models import User
from accounts.reauthentication import CONFIRMED_AT


def signed_in(user: User, *, confirmed_at: datetime | None = None) -> Client:
    """Just now, or at `confirmed_at`."""
    client = Client()
    client.force_login(user)
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session[CONFIRMED_AT] = (confirmed_at or timezone.now()).timestamp()
    session.save()
    return client

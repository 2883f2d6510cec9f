"""`manage.py reset_second_factor --email=…`: for a lone founder who lost the phone and the recovery codes.

Both are forgotten, and so is the password: a link to choose another is mailed, and a new phone is set up after it. Run
again, it mails another link. With a colleague at hand, the Team page does the same.
"""

from argparse import ArgumentParser
from datetime import datetime

from accounts.founders import mail_link
from accounts.management.commands.create_founder import read_email
from accounts.models import User
from accounts.team import reset_second_factor
from api.audit.doors import acting
from api.audit.states import Door
from api.exceptions import NotFoundError
from giftflick.commands import Json, JsonCommand

ACTOR = "command:reset_second_factor"


class Command(JsonCommand):
    help = "Forget somebody's second factor and password, and mail a link to choose another."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, type=read_email, help="whose, and where the link goes")

    def answer(self, options: Json, *, now: datetime) -> Json:
        found = User.objects.filter(email__iexact=options["email"], is_active=True, is_staff=True)
        user = found.order_by("pk").first()
        if user is None:
            raise NotFoundError("Nobody in the team has this address.")
        with acting(door=Door.COMMAND):
            reset_second_factor(user, actor=ACTOR, now=now)
        mail_link(user, now=now)
        return {"user": user.pk, "is_reset": True, "is_mailed": True}

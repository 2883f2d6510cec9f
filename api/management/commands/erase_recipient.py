"""`manage.py erase_recipient --gift=… | --email-sha256=…`: somebody who got gifts wants to be forgotten.

What is given to a command is kept by CloudWatch, so it is never the address: it is the SHA-256 of it in lower case.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from uuid import UUID

from django.core.management.base import CommandError

from api import actors
from api.exceptions import DeliveryInProgressError
from api.gifts.selectors import gifts_to
from api.gifts.services import erase_gift
from giftflick.commands import Json, JsonCommand, words


class Command(JsonCommand):
    help = "Withdraw gifts and blank what they hold about people; film and uploads are deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--gift", type=_uuid, help="a gift's id")
        which.add_argument(
            "--email-sha256",
            type=_sha256,
            help="all gifts to an address: printf %%s ADDRESS | tr A-Z a-z | sha256sum",
        )
        parser.add_argument("--by", default="command", type=words(150), help="who does it, for the timeline")

    def answer(self, options: Json, *, now: datetime) -> Json:
        found = [options["gift"]] if options["gift"] else gifts_to(options["email_sha256"])
        erased, waiting = 0, []
        for gift_id in found:
            try:
                erased += erase_gift(gift_id, actor=actors.staff(options["by"]), now=now)
            except DeliveryInProgressError:
                waiting.append(str(gift_id))
        if waiting:
            raise CommandError(
                f"Erased {erased}, but mails of {len(waiting)} are being sent ({', '.join(waiting[:3])} …): "
                "run it again in a minute."
            )
        return {"found": len(found), "erased": erased}


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise ArgumentTypeError("must be a gift's id") from None


def _sha256(given: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", given):
        raise ArgumentTypeError("must be 64 hexadecimal digits, and never an address")
    return given

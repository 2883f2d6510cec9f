"""`manage.py create_founder --email=… [--name=…]`: a superuser, and a mailed link to choose the password.

Run again, it mails another link; a founder who forgot the password is helped so, too.
"""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from accounts.founders import mail_link, make_founder
from giftflick.commands import Json, JsonCommand

LONGEST_EMAIL = 254
LONGEST_NAME = 150


class Command(JsonCommand):
    help = "Make a founder, or find the one with this address, and mail a link to choose a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, type=read_email, help="where the link goes")
        parser.add_argument("--name", type=_name, help="what the founder signs in as (what stands before the @)")

    def answer(self, options: Json, *, now: datetime) -> Json:
        username = options["name"] or _name_in(options["email"])
        user, is_new = make_founder(email=options["email"], username=username, now=now)
        mail_link(user, now=now)
        return {"user": user.pk, "is_new": is_new, "is_mailed": True}


def read_email(given: str) -> str:
    try:
        validate_email(given)
    except ValidationError:
        raise ArgumentTypeError("must be an e-mail address") from None
    if len(given) > LONGEST_EMAIL:
        raise ArgumentTypeError(f"must be at most {LONGEST_EMAIL} characters")
    return given


def _name_in(email: str) -> str:
    try:
        return _name(email.partition("@")[0])
    except ArgumentTypeError:
        raise CommandError("Nobody can sign in as what stands before the @: give a --name=….") from None


def _name(given: str) -> str:
    try:
        UnicodeUsernameValidator()(given)
    except ValidationError:
        raise ArgumentTypeError("must be letters, digits and @/./+/-/_ only") from None
    if not 0 < len(given) <= LONGEST_NAME:
        raise ArgumentTypeError(f"must be 1 to {LONGEST_NAME} characters")
    return given

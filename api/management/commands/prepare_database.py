"""`manage.py prepare_database`: roles, rights and the first login of a new database; says so in one JSON line."""

from giftflick.database.command import LoginCommand
from giftflick.database.rotation import prepare


class Command(LoginCommand):
    help = "Make the database's roles and the application's first login, as far as they are missing."
    act = staticmethod(prepare)

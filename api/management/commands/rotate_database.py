"""`manage.py rotate_database`: another login with a new password for the application; says so in one JSON line."""

from giftflick.database.command import LoginCommand
from giftflick.database.rotation import rotate


class Command(LoginCommand):
    help = "Give the application its other login, with a new password. The one in use works until the next rotation."
    act = staticmethod(rotate)

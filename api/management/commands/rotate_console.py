"""`manage.py rotate_console`: new passwords for the console's logins; says so in one JSON line."""

from giftflick.database.command import LoginCommand
from giftflick.database.rotation import rotate_console


class Command(LoginCommand):
    help = "Give the query console's logins to the database new passwords. Whoever asks next uses them."
    act = staticmethod(rotate_console)

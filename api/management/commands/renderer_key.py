"""`manage.py renderer_key --action=issue|retire|status`: exchange the access key that the renderer uploads films with.

`issue` puts a second key into the renderer's secret, somebody gives it to the renderer, `retire` deletes the first.
"""

from argparse import ArgumentParser
from datetime import datetime

from django.conf import settings

from api.rendering import access_keys
from api.rendering.access_keys import Found
from giftflick.commands import Json, JsonCommand, moment, one_of

SHOWN = 4  # of a key's id: enough to tell two keys apart


class Command(JsonCommand):
    help = "Exchange the renderer's access key without an outage."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--action", required=True, type=one_of(["issue", "retire", "status"]))
        parser.add_argument("--force", action="store_true", help="retire a key although the newer was not used yet")

    def answer(self, options: Json, *, now: datetime) -> Json:  # noqa: ARG002
        match options["action"]:
            case "issue":
                found, is_done = access_keys.issue()
            case "retire":
                found, is_done = access_keys.retire(is_forced=options["force"])
            case _:
                found, is_done = access_keys.look(), False
        return {"is_done": is_done, "keys": [_shown(key) for key in found], "secret": settings.RENDERER_SECRET}


def _shown(key: Found) -> Json:
    return {
        "id_ends_with": key.id[-SHOWN:],
        "created_at": moment(key.created_at),
        "last_used_at": moment(key.last_used_at),
        "is_active": key.is_active,
        "is_stored": key.is_stored,
    }

"""`manage.py prepare_console`: what the query console may read, and the questions it comes with; after `migrate`."""

from datetime import datetime

from api.console.grants import grant_console
from api.console.services import answering_logins, seed_questions
from giftflick.commands import Json, JsonCommand


class Command(JsonCommand):
    help = "Grant the query console's logins what they may read, and bring in the questions that Giftflick comes with."

    def answer(self, options: Json, *, now: datetime) -> Json:  # noqa: ARG002
        granted, questions = grant_console(), seed_questions(now=now)
        return {"logins": granted, "answering": answering_logins(), "questions": questions}

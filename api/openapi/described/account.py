"""`/v1/account`."""

from accounts.models import Scope
from api.openapi.operations import Answer, Operation
from api.openapi.shapes import Schema, choice, flag, instant, record, rows, text, uuid, whole

TAG = "Account"
ABOUT = "Who is calling: the account, the key's mode and scopes, and what was used this month."

SCHEMAS: dict[str, Schema] = {
    "Account": record(
        {
            "id": uuid(),
            "name": text(),
            "livemode": flag("The key's mode: it sees and makes objects of this mode only."),
            "key": record({"id": text("The twelve characters that name the key; no secret."), "name": text()}),
            "scopes": rows(choice(sorted(Scope.values)), "What the key may do."),
            "limits": record(
                {
                    "requests_per_minute": whole("Calls a minute for each key.", minimum=0),
                    "mails_per_day": whole("Gift mails a day; what is over it goes out the next day.", minimum=0),
                }
            ),
            "usage": record(
                {
                    "since": instant("The month's beginning, in UTC."),
                    "gifts": whole("Gifts made.", minimum=0),
                    "renders": whole("Films made.", minimum=0),
                    "mails": whole("Mails that the mail service took.", minimum=0),
                },
                "This month's, in the key's mode.",
            ),
        }
    ),
}

EXAMPLE = {
    "id": "01936b0e-7d4f-7a51-9c1e-4f7f0a4b2c10",
    "name": "Confetti Shop",
    "livemode": False,
    "key": {"id": "8sKq2LmZ0aBc", "name": "web page"},
    "scopes": ["account:read", "gifts:read", "gifts:write", "uploads:write"],
    "limits": {"requests_per_minute": 600, "mails_per_day": 2000},
    "usage": {"since": "2026-11-01T00:00:00Z", "gifts": 12, "renders": 9, "mails": 21},
}

OPERATIONS = {
    "GET /v1/account": Operation(
        id="get_account",
        tag=TAG,
        summary="Who am I",
        description="The account behind the key. A good first call: it shows whether the key works, and in which mode.",
        answer=Answer("The account.", "Account", EXAMPLE),
    ),
}

"""Who did a thing, as the timeline names them."""

SYSTEM = "system"
RENDERER = "renderer"
SENDGRID = "sendgrid"
RECIPIENT = "recipient"

# They act by themselves: nobody in particular wanted it at that moment.
MACHINES = frozenset({SYSTEM, RENDERER, SENDGRID})


def api_key(key_id: str) -> str:
    return f"api_key:{key_id}"


def staff(username: str) -> str:
    return f"staff:{username}"


def command(name: str) -> str:
    return f"command:{name}"

"""Who did a thing, as the timeline names them."""

SYSTEM = "system"
RENDERER = "renderer"
SENDGRID = "sendgrid"
RECIPIENT = "recipient"


def api_key(key_id: str) -> str:
    return f"api_key:{key_id}"


def staff(username: str) -> str:
    return f"staff:{username}"


def importing(batch_id: object) -> str:
    return f"import:{batch_id}"

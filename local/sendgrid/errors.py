"""The error body of SendGrid's API: what is wrong, in which field, and where that is explained."""

from typing import TypedDict

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"
ROOT = "(root)"


class ApiError(TypedDict):
    message: str
    field: str | None
    help: str | None


def field_error(field: str, message: str) -> ApiError:
    """An error in `field`, a dotted path; its help link leaves out indexes and an address's parts, as SendGrid's."""
    if field == ROOT:
        return {"message": message, "field": field, "help": f"{HELP}#-Request-Body-Parameters"}
    parts = [part for part in field.split(".") if not part.isdigit()]
    if parts[-1] in {"email", "name"}:
        parts.pop()
    return {"message": message, "field": field, "help": f"{HELP}#message.{'.'.join(parts)}"}


def request_error(message: str) -> ApiError:
    """An error of the request as a whole."""
    return {"message": message, "field": None, "help": None}

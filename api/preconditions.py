"""If-Match: changing an object only if it is still the one that was read."""

import re

from rest_framework.request import Request

from api.exceptions import InvalidFieldError

# RFC 9110, 8.8.3 and 5.6.1: any text in quotes, a weak one after W/, in a list whose elements may be empty.
TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t,]*{TAG})*[ \t,]*")
VERSION_TAG = re.compile(r'(?<!W/)"(\d{1,9})"')
NO_VERSION = 0


def expected_version(request: Request, *, present: int) -> int | None:
    """The version that the caller will have changed; None for any.

    Of several it is the present one if that is among them. A weak tag, or one of no version, matches none. Raises
    InvalidFieldError for what is no tag.
    """
    given = request.headers.get("If-Match", "*")
    if given.strip() == "*":
        return None
    if not TAGS.fullmatch(given):
        raise InvalidFieldError("If-Match", "invalid", 'Send the version in quotes, such as "4".')
    versions = [int(version) for version in VERSION_TAG.findall(given)]
    return present if present in versions else next(iter(versions), NO_VERSION)

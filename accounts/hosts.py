"""Host names and origins as founders write them down: anything else would match no product and no page at all."""

import re

ORIGIN = re.compile(r"(https://|http://(?=localhost(:|$)))[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def domain_problem(domain: str) -> str:
    """Empty if a product's address may have it: no `https://`, no path."""
    return "" if DOMAIN.fullmatch(domain) else f"{domain} is no host name such as shop.example.com."


def origin_problem(origin: str) -> str:
    """Empty if a browser's Origin header may have it."""
    return "" if ORIGIN.fullmatch(origin) else f"{origin} is no origin such as https://shop.example.com."

"""Random tokens that stand in paths."""

import secrets


def new_token() -> str:
    """192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)

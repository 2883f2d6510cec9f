"""Switches the enforcement of IAM policies in the local AWS; it is off after a start."""

from collections.abc import Iterator
from contextlib import contextmanager

import urllib3


@contextmanager
def enforced_policies(endpoint_url: str) -> Iterator[None]:
    """Within this block every call needs a policy that allows it, and its signature must be right."""
    _let_pass(endpoint_url, "0")
    try:
        yield
    finally:
        _let_pass(endpoint_url, "inf")


def _let_pass(endpoint_url: str, calls: str) -> None:
    """Let that many calls through before policies count: moto's own switch."""
    answer = urllib3.request("POST", f"{endpoint_url}/moto-api/reset-auth", body=calls, timeout=30)
    if answer.status != 200:
        raise RuntimeError(f"moto answered {answer.status} to the switch of its policies")

"""Puts methods of ours in the place of moto's, which makes its objects itself."""

from collections.abc import Callable
from typing import Any


def replace_methods(owner: type, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        setattr(owner, name, method)

"""Kinds of batches of the tests' own."""

from collections.abc import Callable
from uuid import uuid4

import pytest

import api.tick  # noqa: F401 - registers the jobs
from api.batches import registry
from api.batches.registry import Handler, batch_kind

NewKind = Callable[..., str]


@pytest.fixture
def new_kind(monkeypatch: pytest.MonkeyPatch) -> NewKind:
    """Registers a handler, for this test alone, and answers with the name of its kind."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))

    def register(handler: Handler, **options: object) -> str:
        name = f"test-{uuid4().hex[:8]}"
        batch_kind(name, **options)(handler)  # type: ignore[arg-type]
        return name

    return register

"""Every gift needs the plain template."""

import pytest

from api.templates.models import Template


@pytest.fixture(autouse=True)
def _plain_template(request: pytest.FixtureRequest) -> Template | None:
    return request.getfixturevalue("template") if "account" in request.fixturenames else None

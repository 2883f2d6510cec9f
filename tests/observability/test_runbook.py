"""The runbook is complete: each page is in the index, and says what somebody at three in the morning needs."""

import re
from pathlib import Path

import pytest

RUNBOOK = Path(__file__).resolve().parent.parent.parent / "docs" / "runbook"
PAGES = sorted(page for page in RUNBOOK.glob("*.md") if page.name != "README.md")


def test_the_index_has_each_page_once() -> None:
    named = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\) \|", (RUNBOOK / "README.md").read_text(), re.MULTILINE)

    assert sorted(named) == [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_all_its_parts_and_its_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()

    parts = re.findall(r"^(?:# .+|## .+|\*\*\w[\w ]*\.\*\*)", text, re.MULTILINE)
    assert parts == [
        f"# {page.stem}",
        "**Means.**",
        "**Customers notice.**",
        "## Look first",
        "## Likely, and how to mend it",
        "## Over when",
    ]
    assert "```sh" in text
    for linked in re.findall(r"\]\(([^)]+)\)", text):
        assert (RUNBOOK / linked).is_file(), linked

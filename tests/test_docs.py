"""The pages are true where a machine can tell: links lead somewhere, commands exist, sums are right."""

import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from infra.parameters import PARAMETERS, WRITTEN, completed, problems
from infra.stages import stage_called

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED_STAGE = re.compile(r"\bSTAGE=(\w+|…)")
COST_PAGE = ROOT / "docs" / "cost.md"
CENT = Decimal("0.01")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def made_targets(page: Path) -> set[str]:
    """Each `make X` in code, fenced or not; in prose "make" is a verb."""
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"^```.*?^```$|`[^`\n]+`", text, re.MULTILINE | re.DOTALL)
    made = re.compile(r"(?:^|`|&& |, )make ([a-z][a-z-]*)", re.MULTILINE)
    return {target for piece in code for target in made.findall(piece)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(without_code(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert made_targets(page) <= targets


def test_the_stages_that_commands_name_exist() -> None:
    named = {stage for page in PAGES for stage in NAMED_STAGE.findall(page.read_text(encoding="utf-8"))}

    assert named <= {"dev", "staging", "production", "…"}


def test_the_inputs_of_a_stage_are_described_with_their_names() -> None:
    described = [name for table in tables(ROOT / "docs" / "deployment.md", "parameter") for name in row_names(table)]

    assert sorted(described) == sorted([*PARAMETERS, *WRITTEN])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_would_have_configured_is_not_refused(page: Path) -> None:
    for given in re.findall(r'SET="((?:[a-z-]+=[\d.]+ ?)+)"', page.read_text(encoding="utf-8")):
        production = stage_called("production")
        values = completed(production, dict(one.split("=") for one in given.split()))
        assert problems(production, values) == [], given


def test_each_alarm_is_listed() -> None:
    alarms = re.findall(r"AlarmName: !Sub giftflick-\$\{Stage\}-([a-z-]+)", (ROOT / "infra" / "watch.yaml").read_text())
    listed = [name for table in tables(ROOT / "docs" / "operations.md", "alarm") for name in row_names(table)]

    assert listed == alarms


def row_names(table: list[list[str]]) -> list[str]:
    """What stands in backticks in each first cell."""
    return [name for row in table for name in re.findall(r"`([^`]+)`", row[0])]


def tables(page: Path, first_column: str) -> list[list[list[str]]]:
    """The rows of each table whose head begins with that column, without head and rule."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", page.read_text(encoding="utf-8"), re.MULTILINE):
        head, _rule, *rows = [[cell.strip(" *") for cell in row.strip("|").split("|")] for row in block.splitlines()]
        if head[0] == first_column:
            found.append(rows)
    return found


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", ""))


COSTS = [table for table in tables(COST_PAGE, "what") if len(table[0]) == 10]


def test_the_tables_of_costs_are_found() -> None:
    assert [table[-1][0] for table in COSTS] == ["AWS", "Vendors", "Standing still"]


@pytest.mark.parametrize("table", COSTS, ids=lambda table: table[-1][0])
def test_each_cost_is_price_times_quantity(table: list[list[str]]) -> None:
    for name, price, _per, *columns, _source in table[:-1]:
        for quantity, cost in zip(columns[::2], columns[1::2], strict=True):
            assert (number(price) * number(quantity)).quantize(CENT, ROUND_HALF_UP) == number(cost), name


@pytest.mark.parametrize("table", COSTS, ids=lambda table: table[-1][0])
def test_each_total_is_the_sum_of_its_column(table: list[list[str]]) -> None:
    for column in (4, 6, 8):
        assert sum(number(row[column]) for row in table[:-1]) == number(table[-1][column])


def test_the_grand_total_and_a_gifts_share_follow_from_both_tables() -> None:
    aws, vendors, _ = (table[-1] for table in COSTS)
    [(total, each)] = tables(COST_PAGE, "together")

    for place, (column, gifts) in enumerate([(4, 1_000), (6, 100_000), (8, 1_000_000)], start=1):
        both = number(aws[column]) + number(vendors[column])
        assert number(total[place]) == both
        assert number(each[place]) == (both / gifts).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def test_the_gateways_are_compared_by_the_same_requests() -> None:
    requests = next(row for row in COSTS[0] if row[0] == "HTTP API")
    [[http, rest]] = tables(COST_PAGE, "gateway")

    assert http[2:] == [requests[4], requests[6], requests[8]]
    for quantity, cost in zip(requests[3:9:2], rest[2:], strict=True):
        assert (number(rest[1]) * number(quantity)).quantize(CENT, ROUND_HALF_UP) == number(cost)


def test_the_ways_out_are_compared_by_the_same_prices() -> None:
    rows = {row[0]: row for row in COSTS[2]}
    by_stage = [
        sum((number(row[column]) for name, row in rows.items() if name.startswith(("NAT", "Public"))), Decimal(0))
        for column in (4, 6, 8)
    ]
    [per_gb] = [number(row[1]) for row in COSTS[0] if row[0] == "NAT gateway: data"]

    for gigabytes, *costs in tables(COST_PAGE, "through NAT")[0]:
        carried = (per_gb * number(gigabytes.removesuffix(" GB"))).quantize(CENT)
        assert [number(cost) for cost in costs] == [by_stage[0], by_stage[1] + carried, by_stage[2] + carried]


def test_each_price_has_a_source() -> None:
    sources = {row[0] for row in tables(COST_PAGE, "no.")[0]}

    assert {row[-1] for table in COSTS for row in table[:-1]} == sources

"""`make bench-cold`: a cold start of what ships and its first authorized GET, beside plain Django and a bare function.

Each is a fresh process with the package's own modules and nothing else, in turns: *package* by the entry point that
AWS calls, *plain* as Django starts by itself from a zip (its bytecode is stale, for a zip's dates are), *bare* with
psycopg2 and no framework. What is told is the median of the rounds. Ends with one line of JSON, and with exit code 1 if
the package takes more than half of plain Django's processor time.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.filling import fill
from bench.pages import CALLER
from infra.package import build
from infra.stages import stage_called
from local.environment import inherited_environment, throwaway_environment
from local.errors import LocalError
from local.migrations import PROJECT, migrate
from local.postgres import Postgres
from local.terminal import fail, say, step

KINDS = ("package", "plain", "bare")
WARM_UP = 1
HEADER_BYTES, MAGIC_BYTES = 16, 4  # of bytecode: magic number, flags, the source's date and size
MOST_CPU = 0.5  # of plain Django's
EVENT = {
    "version": "2.0",
    "routeKey": "ANY /v1/{proxy+}",
    "rawPath": "/v1/gifts",
    "rawQueryString": "limit=1",
    "headers": {"host": "127.0.0.1", "x-forwarded-proto": "https"},
    "requestContext": {
        "domainName": "127.0.0.1",
        "http": {"method": "GET", "path": "/v1/gifts", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7"},
        "requestId": "bench",
        "stage": "$default",
        "authorizer": {"lambda": CALLER},
    },
    "isBase64Encoded": False,
}

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cold", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is started (15)")
    rounds = parser.parse_args().rounds
    if sys.platform != "linux":
        fail("the package is made for Linux and cannot start here: run this in CI or in a container")
    try:
        package = build(stage_called("dev"))
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-cold-")))
            folder.chmod(0o755)  # PostgreSQL, which does not run as root, must get in
            env = _start_database(stack, folder)
            modules = _unpack(package.site, folder)
            with step(f"{rounds} cold starts of each"):
                measured = compare(modules, env, rounds)
    except LocalError as error:
        fail(str(error))
    tell(measured, package.site)


def compare(modules: Mapping[str, Path], env: Mapping[str, str], rounds: int) -> dict[str, Figures]:
    """The medians, by kind."""
    taken: dict[str, list[Figures]] = {kind: [] for kind in KINDS}
    for number in range(WARM_UP + rounds):
        for kind in KINDS:
            figures = start_cold(kind, modules[kind], env)
            if number >= WARM_UP:
                taken[kind].append(figures)
    return {
        kind: {name: statistics.median(figures[name] for figures in of_kind) for name in of_kind[0]}
        for kind, of_kind in taken.items()
    }


def start_cold(kind: str, modules: Path, env: Mapping[str, str]) -> Figures:
    done = subprocess.run(
        [sys.executable, "-S", "-P", PROJECT / "bench" / "cold_start.py", kind, json.dumps(EVENT)],
        env={**env, "PYTHONPATH": str(modules), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=modules,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        fail(f"{kind} did not answer: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def tell(measured: Mapping[str, Figures], site: Path) -> None:
    units = {"init_ms": "ms init", "get_ms": "ms first GET", "cpu_ms": "ms CPU in all", "memory_mb": "MB memory"}
    for kind in KINDS:
        say(f"  {kind:8}" + "".join(f"{measured[kind][name]:9.1f} {unit}" for name, unit in units.items()))
    ratios = {
        f"of_{kind}": {name: round(measured["package"][name] / measured[kind][name], 3) for name in units}
        for kind in ("plain", "bare")
    }
    say("  the package, as a multiple:")
    for kind, ratio in ratios.items():
        say(f"  {kind.replace('_', ' '):8}" + "".join(f"{ratio[name]:9.2f} {unit}" for name, unit in units.items()))
    with zipfile.ZipFile(site) as opened:
        unpacked = sum(entry.file_size for entry in opened.infolist())
    size = {"zipped_mb": round(site.stat().st_size / 1e6, 2), "unpacked_mb": round(unpacked / 1e6, 2)}
    say(f"  the package has {size['zipped_mb']} MB zipped, {size['unpacked_mb']} MB unpacked")
    medians = {kind: {name: round(value, 1) for name, value in figures.items()} for kind, figures in measured.items()}
    say(json.dumps({**medians, "package": {**medians["package"], **size}, **ratios, "most_cpu": MOST_CPU}))
    if ratios["of_plain"]["cpu_ms"] > MOST_CPU:
        fail(
            f"the package takes {ratios['of_plain']['cpu_ms']} of plain Django's processor time; {MOST_CPU} are allowed"
        )


def _start_database(stack: ExitStack, folder: Path) -> dict[str, str]:
    """The environment of a site with one gift."""
    postgres = Postgres(folder / "postgres", durable=False)
    stack.callback(postgres.stop)
    with step("a database with one gift"):
        url = postgres.start()
        env: dict[str, Any] = {**inherited_environment(), **throwaway_environment()}
        env |= {"BASE_URL": "http://127.0.0.1:1", "ALLOWED_HOSTS": "127.0.0.1", "DATABASE_URL": url}
        migrate(url, env, folder / "migrate.log")
        fill(url, 1)
    return env


def _unpack(site: Path, folder: Path) -> dict[str, Path]:
    """Where each kind finds its modules: as they ship, or with bytecode that a look at the source finds stale."""
    shipped, stale = folder / "shipped", folder / "stale"
    with zipfile.ZipFile(site) as opened:
        opened.extractall(shipped)
    shutil.copytree(shipped, stale)
    for file in stale.rglob("*.pyc"):
        code = file.read_bytes()
        file.write_bytes(code[:MAGIC_BYTES] + bytes(HEADER_BYTES - MAGIC_BYTES) + code[HEADER_BYTES:])
    return {"package": shipped, "plain": stale, "bare": shipped}


if __name__ == "__main__":
    main()

"""`python -m tests.sheets.worker STEP ARGUMENT…`: one step of an import, in a process of its own."""

import sys
from uuid import UUID

import django


def main() -> None:
    django.setup()
    from django.utils import timezone

    from api.batches.services import run_slice
    from api.sheets import services
    from api.tick import HANDLERS

    assert HANDLERS
    step, argument = sys.argv[1:]
    now = timezone.now()
    if step == "check":
        services.read_sheet(UUID(argument), now=now)
        while services.check_slice(UUID(argument), now=now):
            pass
    elif step == "confirm":
        print(services.confirm_sheet(UUID(argument), title="Import", actor="staff:ada", why="asked", now=now).pk)  # noqa: T201
    elif step == "slice":
        while run_slice(UUID(argument), now=now) is not None:
            pass


if __name__ == "__main__":
    main()

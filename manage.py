#!/usr/bin/env python
"""Django's command line."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from giftflick.env import collect_problems, read_env_file

HERE = Path(__file__).resolve().parent


def main() -> None:
    # A checkout may keep its variables in files; what the environment already says wins. A Lambda has neither file.
    read_env_file(HERE / ".env")
    read_env_file(HERE / ".local" / "run.env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "giftflick.settings")
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["check"]:  # which lists what is missing with everything else that is wrong
        collect_problems()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""Django's command line."""

import os
import sys
from pathlib import Path

from giftflick.env import read_env_file

HERE = Path(__file__).resolve().parent


def main() -> None:
    # A checkout may keep its variables in files; what the environment already says wins. A Lambda has neither file.
    read_env_file(HERE / ".env")
    read_env_file(HERE / ".local" / "run.env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "giftflick.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

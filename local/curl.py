"""Finds curl, which the guide's lines call; installs Debian's where that may be done."""

import shutil

from local.debian import install, may_install
from local.errors import LocalError
from local.terminal import fail, say, step


def curl_path() -> str:
    if shutil.which("curl") is None and may_install():
        with step("curl"):
            install("curl")
    found = shutil.which("curl")
    if found is None:
        raise LocalError("The guide's tests need curl: sudo apt-get install curl")
    return found


def main() -> None:
    try:
        say(curl_path())
    except LocalError as error:
        fail(str(error))


if __name__ == "__main__":
    main()

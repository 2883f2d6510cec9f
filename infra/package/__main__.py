"""`python -m infra.package [STAGE]`: makes build/giftflick.zip, build/authorizer.zip and build/static."""

import argparse

from infra.package import build
from infra.stages import stage_called
from local.errors import LocalError
from local.terminal import fail, say


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("stage", nargs="?", default="dev", help="whose runtime it is for (dev)")
    try:
        package = build(stage_called(parser.parse_args().stage))
    except LocalError as error:
        fail(str(error))
    say(f"release {package.release}: {package.site}, {package.authorizer}, {package.static}")


if __name__ == "__main__":
    main()

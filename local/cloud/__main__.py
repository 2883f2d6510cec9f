"""`python -m local.cloud --data FOLDER`: an empty AWS account on loopback; says `listening PORT` once it serves."""

import argparse
import os
from pathlib import Path

from local.wsgi import serve

PART_BYTES = 64 * 1024 * 1024  # an uploaded part stays in memory until moto has it
THREADS = 64  # a function that is invoked holds one, and calls back


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="an empty folder for databases, code and logs")
    arguments = parser.parse_args()
    # Only the buckets' own CORS rules shall count. moto reads this when it is imported, hence the late import.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    from local.cloud.server import Cloud

    with Cloud(arguments.data.absolute()) as cloud:
        serve(
            cloud,
            port=arguments.port,
            threads=THREADS,
            ready=cloud.listen_at,
            inbuf_overflow=PART_BYTES,
            recv_bytes=256 * 1024,
        )


if __name__ == "__main__":
    main()

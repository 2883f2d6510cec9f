"""`python -m local.aws --port P --data DIR`: serves AWS on loopback; says `listening PORT` once it does."""

import argparse
import os
from pathlib import Path

from local.wsgi import serve

PART_BYTES = 64 * 1024 * 1024  # an uploaded part stays in memory until moto has it


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.aws", description="AWS on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder in which objects are kept")
    arguments = parser.parse_args()
    # Only the bucket's own CORS rules shall count. moto reads this when it is imported, hence the late imports.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    from local.aws.server import LocalAws
    from local.aws.store import ObjectStore

    store = ObjectStore(arguments.data / "s3")
    store.load()
    serve(LocalAws(store), port=arguments.port, threads=16, inbuf_overflow=PART_BYTES, recv_bytes=256 * 1024)


if __name__ == "__main__":
    main()

"""`python -m tests.idempotency.poster POINT … -- PATH BODY`: one POST with a key, killed when the last point is passed.

Points are those of `tests.drills.killer`; the API key comes by the environment.
"""

import os
import sys

import django
from django.test import Client

from tests.drills.killer import Trap, find_point


def main() -> None:
    split = sys.argv.index("--")
    points, (path, body) = sys.argv[1:split], sys.argv[split + 1 :]
    django.setup()
    headers = {"X-API-Key": os.environ["POSTERS_API_KEY"], "Idempotency-Key": "order-1001", "Host": "localhost"}
    client = Client(headers=headers)
    client.get("/v1/account")  # all that is imported late
    Trap([find_point(point) for point in points], 1).set()
    client.post(path, body, content_type="application/json")


if __name__ == "__main__":
    main()

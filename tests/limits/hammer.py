"""`python -m tests.limits.hammer CALLS`: a process that calls as often as told, after a line on standard input.

Says `ready` first, and afterwards how many calls were answered with which status, as JSON. The keys come by
the environment.
"""

import json
import os
import sys
from collections import Counter

import django
from django.test import Client


def main() -> None:
    django.setup()
    client, other = (
        Client(headers={"X-API-Key": os.environ[key], "Host": "localhost"})
        for key in ("HAMMERS_API_KEY", "HAMMERS_OTHER_KEY")
    )
    other.get("/v1/account")  # loads the URLconf and connects, and counts for another key
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    statuses = Counter(client.get("/v1/account").status_code for _ in range(int(sys.argv[1])))
    print(json.dumps(statuses))  # noqa: T201


if __name__ == "__main__":
    main()

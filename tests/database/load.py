"""`python -m tests.database.load`: one query a connection until somebody says stop; then tells how it went, as JSON."""

import json
import select
import sys

import django
from django.db import DatabaseError, connection


def main() -> None:
    django.setup()
    told: dict[str, list[str]] = {"failures": [], "logins": []}
    connections = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        connection.close()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT session_user")
                told["logins"].append(cursor.fetchone()[0])
        except DatabaseError as error:
            told["failures"].append(str(error))
        connections += 1
        if connections == 1:
            print("working", flush=True)  # noqa: T201
    print(json.dumps({**told, "logins": sorted(set(told["logins"])), "connections": connections}))  # noqa: T201


if __name__ == "__main__":
    main()

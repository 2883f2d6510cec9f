"""`python -m tests.database.load`: one query a connection, without an end.

`ten` on its standard input is answered after ten more connections; anything else ends it, and it tells how it went as
JSON.
"""

import itertools
import json
import select
import sys

import django
from django.db import DatabaseError, connection

TEN = 10


def main() -> None:
    django.setup()
    failures: list[str] = []
    logins: list[str] = []
    answer_at: int | None = None
    for connections in itertools.count():
        if connections == answer_at:
            print("ten more", flush=True)  # noqa: T201
        if select.select([sys.stdin], [], [], 0)[0]:
            if sys.stdin.readline() != "ten\n":
                break
            answer_at = connections + TEN
        connection.close()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT session_user")
                logins.append(cursor.fetchone()[0])
        except DatabaseError as error:
            failures.append(str(error))
    print(json.dumps({"failures": failures, "logins": sorted(set(logins))}))  # noqa: T201


if __name__ == "__main__":
    main()

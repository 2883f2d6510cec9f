"""Giving the console's logins what `tables` lists, and nothing else: after each migration, by the tables' owner."""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from api.console.tables import ID_AT, TABLES, VIEWS
from giftflick.console_roles import PII, ROLES

# Two releases at once would step on each other's grants. Those who get them may not take this lock, and no request
# waits for it, however long a question that is being answered holds up a view.
LOCK = "LOCK TABLE django_migrations IN SHARE ROW EXCLUSIVE MODE"


def grant_console() -> list[str]:
    """Bring the logins' rights to what is listed; the logins that there are. May be run again.

    Waits for what is being answered from the console's own views: some seconds.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1", [list(ROLES)])
        roles = [name for (name,) in cursor.fetchall()]
        if not roles:
            return []
        everybody = ", ".join(roles)
        _keep_database(cursor, everybody)
        cursor.execute(ID_AT)
        for name, view in VIEWS.items():
            cursor.execute(f"CREATE OR REPLACE VIEW {name} WITH (security_barrier) AS {view.sql}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {everybody}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {everybody}")
        for role in roles:
            for name, table in TABLES.items():
                columns = ", ".join(f'"{column}"' for column in table.readable(with_pii=role == PII))
                cursor.execute(f"GRANT SELECT ({columns}) ON {name} TO {role}")
            cursor.execute(f"GRANT SELECT ON {', '.join(VIEWS)} TO {role}")
    return roles


def _keep_database(cursor: CursorWrapper, everybody: str) -> None:
    """On a laptop and in tests the tables' owner has the database, too; on AWS `prepare_database` has done this."""
    cursor.execute(
        "SELECT quote_ident(datname) FROM pg_database"
        " WHERE datname = current_database() AND pg_get_userbyid(datdba) = current_user"
    )
    for (database,) in cursor.fetchall():
        cursor.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        cursor.execute(f"GRANT CONNECT ON DATABASE {database} TO {everybody}")

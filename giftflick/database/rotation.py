"""Making the application's first login to the database, and putting another one in its place."""

from dataclasses import replace

from giftflick.database import logins
from giftflick.database.stored import StoredLoginError, StoredLogins


def prepare(stored: StoredLogins) -> dict[str, str]:
    """Make roles, rights and the first login, as far as they are missing. May be repeated, and run by several at once.

    A login in the secret that the database refuses gets the password that the secret holds, and one for a cluster that
    is no more (restored from a snapshot, say) is pointed to the admin's.
    """
    admin = stored.read_admin()
    with logins.alone(admin) as connection:
        logins.set_up(connection, admin)
        login = stored.read_application()
        if login is None:
            login = logins.first_login(admin)
            logins.give_password(connection, login)
            stored.write_application(login)
            return {"login": login.username, "outcome": "made"}
        here = replace(login, host=admin.host, port=admin.port, dbname=admin.dbname)
        is_known = here.works()
        if not is_known:
            logins.give_password(connection, here)
        if here != login:
            stored.write_application(here)
        return {"login": login.username, "outcome": "unchanged" if is_known and here == login else "mended"}


def rotate(stored: StoredLogins) -> dict[str, str]:
    """Have the application use its other login, with a new password. The one it uses now works until the next time."""
    admin = stored.read_admin()
    with logins.alone(admin) as connection:
        current = stored.read_application()
        if current is None:
            raise StoredLoginError("DATABASE_SECRET holds no login yet: run prepare_database")
        login = logins.other_login(current)
        logins.give_password(connection, login)
        if not login.works():
            raise StoredLoginError("The database refuses the new login, so the secret was left as it is")
        version = stored.write_application(login)
    return {"login": login.username, "before": current.username, "version": version}

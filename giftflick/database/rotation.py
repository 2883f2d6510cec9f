"""Making the application's first login to the database and the console's two, and putting others in their place."""

from dataclasses import replace

from psycopg2.extensions import connection as Connection  # noqa: N812

from giftflick.console_roles import ROLES
from giftflick.database import logins
from giftflick.database.logins import Login
from giftflick.database.stored import StoredLoginError, StoredLogins


def prepare(stored: StoredLogins) -> dict[str, str]:
    """Make roles, rights and the first login, as far as they are missing. May be repeated, and run by several at once.

    A login in the secret that the database refuses gets the password that the secret holds, and one for a cluster that
    is no more (restored from a snapshot, say) is pointed to the admin's.
    """
    admin = stored.read_admin()
    with logins.alone(admin) as connection:
        logins.set_up(connection, admin)
        _prepare_console(stored, connection, admin)
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


def rotate_console(stored: StoredLogins) -> dict[str, str]:
    """New passwords for the console's logins. Each question reads the secret, so the next one comes with them."""
    if not stored.console:
        raise StoredLoginError("CONSOLE_DATABASE_SECRET is not set: make deploy sets it")
    admin = stored.read_admin()
    with logins.alone(admin) as connection:
        logins.set_up(connection, admin)
        _make_console_logins(stored, connection, admin)
    return {"logins": " and ".join(ROLES)}


def _prepare_console(stored: StoredLogins, connection: Connection, admin: Login) -> None:
    """Make the console's logins, unless the secret has both and the database lets them in."""
    if not stored.console:
        return
    known = stored.read_console()
    is_here = all((login.host, login.port, login.dbname) == _place(admin) for login in known.values())
    if known.keys() != set(ROLES) or not is_here or not all(login.works() for login in known.values()):
        _make_console_logins(stored, connection, admin)


def _make_console_logins(stored: StoredLogins, connection: Connection, admin: Login) -> None:
    made = {name: logins.login_as(name, admin) for name in ROLES}
    for login in made.values():
        logins.give_password(connection, login)
    stored.write_console(made)


def _place(login: Login) -> tuple[str, int, str]:
    return login.host, login.port, login.dbname

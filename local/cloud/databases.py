"""RDS's clusters: a PostgreSQL of its own behind each, with its owner's password in a secret that RDS keeps."""

import json
import secrets
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from moto.rds.models import DBCluster, MasterUserSecret, RDSBackend
from psycopg2.sql import SQL, Identifier, Literal

from local.cloud.database_door import DatabaseDoor
from local.cloud.patching import replace_methods
from local.ports import HOST
from local.postgres import Postgres


class Databases:
    """Starts and stops a server in `folder` with each cluster that moto makes and deletes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, tuple[Postgres, DatabaseDoor]] = {}

    def install(self) -> None:
        """Before moto's first call; there is one of these in a process."""
        create, delete = RDSBackend.create_db_cluster, RDSBackend.delete_db_cluster

        def create_with_server(backend: RDSBackend, options: dict[str, Any]) -> DBCluster:
            cluster = create(backend, options)
            try:
                cluster.port = self._start(cluster)
            except BaseException:
                delete_with_server(backend, options["db_cluster_identifier"])
                raise
            return cluster

        def delete_with_server(
            backend: RDSBackend, cluster_identifier: str, snapshot_name: str | None = None
        ) -> DBCluster:
            cluster = delete(backend, cluster_identifier, snapshot_name)
            self._stop(cluster_identifier)
            return cluster

        replace_methods(RDSBackend, create_db_cluster=create_with_server, delete_db_cluster=delete_with_server)
        replace_methods(MasterUserSecret, _generate_secret_string=_new_login)
        DBCluster.endpoint = property(lambda _cluster: HOST)  # type: ignore[method-assign,assignment]

    def stop(self) -> None:
        for identifier in list(self._running):
            self._stop(identifier)

    def _start(self, cluster: DBCluster) -> int:
        """The port at which it is reached."""
        server = Postgres(self._folder / cluster.db_cluster_identifier, durable=False)
        port, superuser = server.start_empty()
        door = DatabaseDoor(port)
        self._running[cluster.db_cluster_identifier] = server, door
        kept = cluster.backend.secretsmanager.get_secret_value(cluster.master_user_secret.secret_arn, "", "")
        _set_up(port, superuser, json.loads(kept["SecretString"]), cluster.database_name)
        return door.port

    def _stop(self, identifier: str) -> None:
        if identifier in self._running:
            server, door = self._running.pop(identifier)
            door.close()
            server.stop()


def _new_login(secret: MasterUserSecret) -> str:
    return json.dumps({"username": secret.resource.master_username, "password": secrets.token_urlsafe(24)})


def _set_up(port: int, superuser: str, login: dict[str, str], database: str | None) -> None:
    with closing(
        psycopg2.connect(host=HOST, port=port, user="postgres", password=superuser, dbname="postgres")
    ) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            role, password = Identifier(login["username"]), Literal(login["password"])
            cursor.execute(SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(role, password))
            cursor.execute(SQL("GRANT pg_monitor, pg_signal_backend TO {}").format(role))
            if database:
                cursor.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(database), role))

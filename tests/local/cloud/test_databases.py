"""RDS: a cluster is a PostgreSQL whose owner's password RDS keeps, and that speaks TLS only."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from tests.local.cloud.harness import Cloud

TEMPLATE = """
Resources:
  Parameters:
    Type: AWS::RDS::DBClusterParameterGroup
    Properties: {Description: TLS only, Family: aurora-postgresql16, Parameters: {rds.force_ssl: "1"}}
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties:
      Engine: aurora-postgresql
      DatabaseName: gifts
      MasterUsername: owner
      ManageMasterUserPassword: true
      DBClusterParameterGroupName: !Ref Parameters
      ServerlessV2ScalingConfiguration: {MinCapacity: "0.5", MaxCapacity: "1"}
Outputs:
  Cluster: {Value: !Ref Cluster}
  Host: {Value: !GetAtt Cluster.Endpoint.Address}
  Port: {Value: !GetAtt Cluster.Endpoint.Port}
  Secret: {Value: !GetAtt Cluster.MasterUserSecret.SecretArn}
"""


@pytest.fixture(scope="module")
def database(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """How its owner connects."""
    name = f"database-{uuid4().hex[:8]}"
    stack = cloud.deploy(name, TEMPLATE)
    assert stack.status == "CREATE_COMPLETE", stack.reason
    kept = cloud.client("secretsmanager").get_secret_value(SecretId=stack.outputs["Secret"])["SecretString"]
    login = json.loads(kept)
    yield {
        "host": stack.outputs["Host"],
        "port": stack.outputs["Port"],
        "dbname": "gifts",
        "user": login["username"],
        "password": login["password"],
    }
    cloud.client("cloudformation").delete_stack(StackName=name)


def test_owner_may_make_logins_and_is_no_superuser(database: dict[str, Any]) -> None:
    connection = psycopg2.connect(**database, sslmode="require")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE gifts")
        cursor.execute("CREATE ROLE gifts_a LOGIN PASSWORD 'secret' IN ROLE gifts")
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        rows = cursor.fetchall()
    connection.close()

    assert rows == [(False,)]


def test_nobody_connects_without_tls(database: dict[str, Any]) -> None:
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**database, sslmode="disable")


def test_long_answer_passes_and_a_query_can_be_cancelled(database: dict[str, Any]) -> None:
    connection = psycopg2.connect(**database, sslmode="require")
    with connection.cursor() as cursor:
        cursor.execute("SELECT repeat('x', 5000000)")
        [long] = cursor.fetchone() or [""]
        cursor.execute("SET statement_timeout = '30s'")
        connection.cancel()
    connection.close()

    assert len(long) == 5_000_000


def test_deleted_cluster_is_gone(cloud: Cloud) -> None:
    name = f"database-{uuid4().hex[:8]}"
    outputs = cloud.deploy(name, TEMPLATE).outputs

    cloud.client("cloudformation").delete_stack(StackName=name)

    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(host=outputs["Host"], port=outputs["Port"], user="owner", dbname="gifts")
    listed = cloud.client("secretsmanager").list_secrets()["SecretList"]
    assert outputs["Secret"] not in [secret["ARN"] for secret in listed]

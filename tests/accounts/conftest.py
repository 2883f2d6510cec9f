"""A key table of the test's own, and keys to put into it."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from accounts import authorizer, key_store, keys
from accounts.models import Account, ApiKey
from local.aws.identities import REGION, ROOT_KEY
from local.aws.seed import set_up_table
from local.stack import Stack
from tests.accounts.proxy import Proxy, proxy_to

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Attributes = dict[str, Any]


class Table:
    """The table behind the product's back, as somebody at the console has it."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self.client = client
        self.name = name

    def item(self, key: ApiKey | str) -> Attributes | None:
        key_id = key if isinstance(key, str) else key.pk
        return self.client.get_item(TableName=self.name, Key={"id": {"S": key_id}}).get("Item")

    def items(self) -> dict[str, Attributes]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.name)
        return {item["id"]["S"]: item for page in pages for item in page["Items"]}

    def put(self, item: Attributes) -> None:
        self.client.put_item(TableName=self.name, Item=item)

    def set(self, key: ApiKey, **attributes: Attributes | None) -> None:
        """None removes the attribute."""
        item = {**(self.item(key) or key_store.item_of(key)), **attributes}
        self.put({name: value for name, value in item.items() if value is not None})

    def delete(self, key: ApiKey) -> None:
        self.client.delete_item(TableName=self.name, Key={"id": {"S": key.pk}})


@pytest.fixture(scope="package")
def console(stack: Stack) -> "DynamoDBClient":
    session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
    return session.client("dynamodb", endpoint_url=stack.env["AWS_ENDPOINT_URL"])


@pytest.fixture
def table(console: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    table = Table(console, f"keys-{uuid4().hex}")
    set_up_table(table.client, table.name)
    monkeypatch.setenv("KEY_TABLE", table.name)
    yield table
    table.client.delete_table(TableName=table.name)


@pytest.fixture
def proxy(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between the product and DynamoDB."""
    with proxy_to(stack.env["AWS_ENDPOINT_URL"]) as (proxy, url):
        authorizer.client.cache_clear()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        yield proxy
    authorizer.client.cache_clear()


@pytest.fixture
def away(proxy: Proxy) -> Proxy:
    """DynamoDB answers that it cannot, until `answers` is None again."""
    proxy.answers = lambda: (500, b'{"__type": "InternalServerError"}')
    return proxy


@pytest.fixture
def quick_hashes(settings: Any) -> None:
    """A password costs a third of a second otherwise, by design."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def unsaved_key(now: datetime, *, livemode: bool = True, **changes: Any) -> tuple[ApiKey, str]:
    """A record that PostgreSQL does not have, and its key."""
    text = keys.generate(livemode=livemode)
    presented = keys.parse(text)
    assert presented is not None
    account = Account(
        name="Confetti Shop", email="shop@confetti.example", origins=["https://a.example", "https://b.example"]
    )
    fields = {
        "id": presented.id,
        "digest": presented.digest,
        "livemode": livemode,
        "name": "Web page",
        "scopes": ["account:read", "gifts:read"],
        "created_by": "tests",
        "created_at": now,
        "account": account,
    }
    return ApiKey(**{**fields, **changes}), text

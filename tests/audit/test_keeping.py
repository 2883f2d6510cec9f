"""Kept for 400 days, altered by nobody, and free of secrets whoever wrote them where."""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import services as accounts
from accounts.models import Account, ApiKey
from api.audit import services
from api.audit.doors import acting
from api.audit.models import AuditEntry
from api.audit.redaction import HIDDEN, without_secrets
from api.audit.services import purge_old, record
from api.gifts.models import Gift
from api.media import bucket
from api.outbox.models import Job
from api.rendering.models import Render
from api.tick import sweep
from api.time_keys import key_at
from api.webhooks import services as webhooks
from api.webhooks.models import WebhookEndpoint
from tests import build
from tests.admin.conftest import tried_webhook
from tests.admin.test_forms import key_form
from tests.audit.conftest import Log
from tests.media.conftest import complete, declare, put_parts
from tests.media.samples import picture


def written(at: datetime, number: int) -> AuditEntry:
    entry_id = UUID(int=key_at(at).int + number)
    return AuditEntry.objects.create(id=entry_id, at=at, door="system", actor="system", action="gift.expired")


def test_an_entry_is_removed_after_400_days_and_not_before(db: None, now: datetime) -> None:
    written(now - timedelta(days=401), 1)
    young = written(now - timedelta(days=399), 2)

    assert sweep(now)["old audit entries"] == 1

    assert [entry.pk for entry in AuditEntry.objects.all()] == [young.pk]
    assert "old audit entries" not in sweep(now)


def test_a_backlog_is_removed_in_slices_the_oldest_first(
    db: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PURGED_AT_ONCE", 2)
    entries = [written(now - timedelta(days=500 - number), number) for number in range(3)]

    assert [purge_old(now=now) for _ in range(3)] == [2, 1, 0]
    assert AuditEntry.objects.filter(pk__in=[entry.pk for entry in entries]).count() == 0


def test_the_sweep_finds_by_the_primary_key_and_costs_one_query_where_nothing_is_old(
    db: None, now: datetime, django_assert_num_queries: Any
) -> None:
    written(now, 1)

    with django_assert_num_queries(1):
        assert purge_old(now=now) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM api_auditentry",
        "UPDATE api_auditentry SET actor = 'staff:nobody'",
        "UPDATE api_auditentry SET at = now()",
        "UPDATE api_auditentry SET action = 'gift.resent', why = 'x'",
        "UPDATE api_auditentry SET id = gen_random_uuid()",
    ],
)
def test_the_database_itself_alters_and_removes_nothing(statement: str, db: None, now: datetime) -> None:
    written(now - timedelta(days=500), 1)

    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(statement)

    assert AuditEntry.objects.get().actor == "system"


def test_the_sweeps_leave_to_remove_ends_with_it(db: None, now: datetime) -> None:
    written(now - timedelta(days=500), 1)
    purge_old(now=now)
    entry = written(now, 1)

    with pytest.raises(IntegrityError), transaction.atomic():
        entry.delete()


@pytest.mark.django_db(transaction=True)
def test_no_entry_holds_a_secret(founder: Client, api: APIClient, account: Account, now: datetime, log: Log) -> None:
    """Everything that has one is made, changed, and ended; each is looked for in every column of every entry."""
    keys = [founder.post("/admin/accounts/apikey/add/", key_form(account)).context["whole_key"]]
    record_of_key = ApiKey.objects.get(created_by="ada")
    rotated, text = accounts.rotate_api_key(record_of_key, overlap=timedelta(), created_by="ada", now=timezone.now())
    keys.append(text)
    with acting(why=f"the shop lost {text} and mailed it"):
        founder.post(f"/admin/keys/revoke/?key={rotated.pk}", {"reason": f"{text} is in a shop's page"})
        accounts.suspend_account(account, now=now)
        accounts.resume_account(account, now=now)
    endpoint = tried_webhook(account, now).endpoint
    secrets = [endpoint.secret]
    secrets.append(webhooks.rotate_secret(endpoint.pk, now=now).secret)
    opened = declare(api, picture("JPEG"), "image/jpeg")
    complete(api, opened["id"], put_parts(opened, picture("JPEG")))
    signed = [part["url"] for part in opened["parts"]]
    signed.append(bucket.presigned_get("uploads/x", expires_in=timedelta(hours=1)))
    build.sent(
        account,
        now,
        message=f"look: {signed[1]} or {keys[0]} or whsec_{'a' * 40}",
        product={"name": "Set", "image_url": signed[0], "url": "https://shop.example/set?ref=1"},
        metadata={"password": "correct horse", "seen": signed[1]},
    )

    webhooks.delete_endpoint(endpoint.pk, now=now)
    planted = {
        *keys, *secrets, *signed, "correct horse",
        *(text.rpartition("_")[2] for text in keys),
        *(url.partition("?")[2] for url in signed),
        *ApiKey.objects.values_list("digest", flat=True),
        *Render.objects.values_list("secret", flat=True),
        *Gift.objects.values_list("token", flat=True),
        *(str(token) for token in Job.objects.exclude(lease_token=None).values_list("lease_token", flat=True)),
    }  # fmt: skip
    assert len(planted) > 12
    rows = [str(row) for row in AuditEntry.objects.values_list()]
    assert len(rows) > 12
    assert [secret for secret in planted if any(secret in row for row in rows)] == []
    assert WebhookEndpoint.objects.count() == 0
    assert any("https://shop.example/set?ref=1" in row for row in rows)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain words", "plain words"),
        ("gf_live_abcdefghijkl_" + "x" * 38, f"gf_live_abcdefghijkl_{HIDDEN}"),
        ("whsec_" + "a" * 44, f"whsec_{HIDDEN}"),
        ("SG." + "a" * 22 + "." + "b" * 43, HIDDEN),
        ("https://s3.example/a.jpg?X-Amz-Signature=1f", "https://s3.example/a.jpg?(signed)"),
        ("https://cdn.example/a?Expires=1&Signature=x~&Key-Pair-Id=K", "https://cdn.example/a?(signed)"),
        ("https://shop.example/a?colour=red", "https://shop.example/a?colour=red"),
        ("/g/" + "a" * 32, f"/g/{HIDDEN}"),
        ("pbkdf2_sha256$1$NaCl$3q2+7w==", HIDDEN),
        ({"password": "x", "name": "y"}, {"password": HIDDEN, "name": "y"}),
        (["whsec_" + "a" * 44, 7, None], [f"whsec_{HIDDEN}", 7, None]),
        ("x" * 2000, "x" * 999 + "…"),
        ("a\x00b", "ab"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(given: object, kept: object) -> None:
    assert without_secrets(given) == kept


def test_long_input_is_read_in_no_time() -> None:
    started = time.process_time()  # of this process alone, however busy the machine is

    without_secrets("http://a?" * 100_000)
    without_secrets("https://a/?" + "signature" * 100_000)

    assert time.process_time() - started < 2


def test_fields_named_as_secrets_are_named_and_not_told(db: None, now: datetime) -> None:
    record("user.updated", now=now, changes={"password": ["a", "b"], "digest": ["c", "d"], "name": ["e", "f"]})

    assert AuditEntry.objects.get().changes == {"password": [], "digest": [], "name": ["e", "f"]}


def test_a_change_of_very_many_fields_says_how_many_it_leaves_out(db: None, now: datetime) -> None:
    record("template.updated", now=now, changes={f"scenes.{number}": [1, 2] for number in range(100)})

    changes = AuditEntry.objects.get().changes
    assert (len(changes), changes["…"]) == (61, [None, "40 more"])

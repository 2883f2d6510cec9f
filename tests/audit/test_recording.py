"""What else is recorded: shops, their keys, templates, uploads, webhooks and jobs; many at once as one each."""

import json
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts import services as accounts
from accounts.models import Account, ApiKey
from api.audit.changes import differences
from api.audit.doors import acting
from api.audit.models import AuditEntry
from api.audit.services import record
from api.audit.states import Door
from api.media import tasks as uploads
from api.media.models import Upload
from api.outbox.models import Job
from api.outbox.services import forget_dead, revive
from api.templates.models import Template
from api.templates.services import publish_template
from api.webhooks import services as webhooks
from api.webhooks.models import WebhookEndpoint
from api.webhooks.outcomes import Outcome
from tests import build
from tests.admin.conftest import dead_job, press, tried_webhook
from tests.admin.forms import save
from tests.admin.test_forms import account_form
from tests.audit.conftest import Log
from tests.media.conftest import complete, declare, put_parts
from tests.media.samples import picture

ACCOUNTS = "/admin/accounts/account/"
TEMPLATES = "/admin/api/template/"


def told(entry: AuditEntry) -> tuple[str, dict[str, Any]]:
    return entry.action, entry.changes


def test_a_shop_is_opened_changed_suspended_and_resumed(founder: Client, log: Log) -> None:
    add = {"name": "New Shop", "email": "a@new.example", "order_gate": "always"}
    founder.post(f"{ACCOUNTS}add/", {**add, "requests_per_minute": 600, "mails_per_day": 10, "_why": "signed today"})
    account = Account.objects.get()
    created = log.only()
    assert (created.action, created.actor, created.why) == ("account.created", "staff:ada", "signed today")
    assert (created.object_id, created.account_id) == (str(account.pk), account.pk)
    assert created.changes["email"] == [None, "a@new.example"]

    form = account_form(account, mails_per_day=20, domains="shop.example", _why="asked by mail")
    save(founder, f"{ACCOUNTS}{account.pk}/change/", form)
    changed = log.only()
    assert told(changed) == ("account.changed", {"mails_per_day": [10, 20], "domains": [[], ["shop.example"]]})
    assert changed.why == "asked by mail"

    save(founder, f"{ACCOUNTS}{account.pk}/change/", form)
    assert log.news() == []

    press(founder, f"/admin/shops/{account.pk}/suspend/")
    suspended = log.only()
    assert (suspended.action, suspended.actor, suspended.changes["suspended_at"][0]) == (
        "account.suspended", "staff:ada", None,
    )  # fmt: skip
    press(founder, f"/admin/shops/{account.pk}/suspend/")
    assert log.news() == []
    press(founder, f"/admin/shops/{account.pk}/resume/")
    assert log.only().changes["suspended_at"][1] is None
    press(founder, f"/admin/shops/{account.pk}/resume/")
    assert log.news() == []


@pytest.mark.django_db(transaction=True)
def test_a_key_is_issued_rotated_and_revoked(account: Account, now: datetime, log: Log) -> None:
    log.news()

    key, _ = accounts.issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    issued = log.only()
    assert (issued.action, issued.object_id, issued.account_id) == ("api_key.issued", key.pk, account.pk)
    assert issued.changes["name"] == [None, "Web page"]

    later, _ = accounts.rotate_api_key(key, overlap=timedelta(hours=1), created_by="ada", now=now)
    second, shortened = log.news()
    assert (second.object_id, second.changes["replaces"]) == (later.pk, [None, key.pk])
    assert (shortened.action, shortened.object_id) == ("api_key.shortened", key.pk)

    accounts.revoke_api_key(later, revoked_by="ada", now=now)
    assert told(log.only())[0] == "api_key.revoked"
    accounts.revoke_api_key(later, revoked_by="zoe", now=now)
    assert log.news() == []


def test_a_template_is_made_changed_and_published(founder: Client, now: datetime, log: Log) -> None:
    folder = Path(str(resources.files("api.templates") / "definitions"))
    given = json.loads((folder / "birthday-confetti.json").read_text(encoding="utf-8"))
    plain = {name: given[name] for name in ("slug", "name", "occasion", "description", "aspect_ratio", "duration_s")}
    form = {**plain, **{name: json.dumps(given[name]) for name in ("fields", "theme", "scenes")}, "status": "draft"}

    founder.post(f"{TEMPLATES}add/", form)
    template = Template.objects.get()
    assert log.only().action == "template.created"

    given["theme"]["accent"] = "#123456"
    form = {**form, "theme": json.dumps(given["theme"]), "name": "Confetti!"}
    save(founder, f"{TEMPLATES}{template.pk}/change/", {**form, "_why": "brighter"})
    entry = log.only()
    assert set(entry.changes) == {"name", "theme.accent"}
    assert (entry.action, entry.changes["theme.accent"][1], entry.why) == ("template.changed", "#123456", "brighter")

    publish_template(template.pk, seen_at=None, is_unseen_fine=True, actor="staff:ada", now=now)
    assert told(log.only()) == ("template.published", {"status": ["draft", "published"]})


def test_templates_that_are_seeded_again_are_told_where_they_differ(db: None, log: Log) -> None:
    call_command("seed_templates")
    assert {(entry.action, entry.door) for entry in log.news()} == {("template.created", "command")}
    call_command("seed_templates")
    assert log.news() == []

    Template.objects.filter(slug="birthday-confetti").update(name="Something else")
    call_command("seed_templates")
    entry = log.only()
    assert (entry.action, list(entry.changes), entry.actor) == ("template.changed", ["name"], "command:seed_templates")


def test_an_upload_is_completed_refused_deleted(api: APIClient, now: datetime, log: Log) -> None:
    log.news()
    opened = declare(api, picture("JPEG"), "image/jpeg")
    assert log.news() == []

    complete(api, opened["id"], put_parts(opened, picture("JPEG")))
    entry = log.only()
    assert (entry.action, entry.door, entry.changes["status"]) == ("upload.completed", "api", ["pending", "ready"])

    api.delete(f"/v1/uploads/{opened['id']}")
    assert told(log.only()) == ("upload.deleted", {"status": ["ready", "deleted"]})

    wrong = declare(api, picture("PNG"), "image/jpeg")
    complete(api, wrong["id"], put_parts(wrong, picture("PNG")))
    assert log.only().changes["status"] == ["pending", "refused"]


def test_uploads_that_expire_together_are_one_entry_each(account: Account, now: datetime, log: Log) -> None:
    rows = {str(build.ready_upload(account, now).pk) for _ in range(3)}
    log.news()

    Upload.objects.update(key="uploads/none")
    uploads.sweep_old(now + timedelta(days=100))

    entries = log.news()
    assert {entry.object_id for entry in entries} == rows
    assert {told(entry)[0] for entry in entries} == {"upload.expired"}


def test_an_endpoints_life(account: Account, now: datetime, log: Log) -> None:
    log.news()
    url = "https://127.0.0.1/hook?key=hush"

    endpoint = webhooks.create_endpoint(account.pk, livemode=True, url=url, types=["gift.sent"], now=now)
    assert log.only().action == "webhook_endpoint.created"
    webhooks.update_endpoint(endpoint.pk, {"types": ["gift.sent", "gift.ready"]}, now=now)
    assert set(log.only().changes) == {"types"}
    webhooks.update_endpoint(endpoint.pk, {"types": ["gift.sent", "gift.ready"]}, now=now)
    assert log.news() == []
    webhooks.rotate_secret(endpoint.pk, now=now)
    assert told(log.only()) == ("webhook_endpoint.secret_rotated", {})
    webhooks.update_endpoint(endpoint.pk, {"enabled": False}, now=now)
    assert told(log.only())[1] == {"enabled": [True, False], "disabled_reason": ["", "requested"]}
    webhooks.delete_endpoint(endpoint.pk, now=now)
    assert told(log.only())[0] == "webhook_endpoint.deleted"


def test_an_endpoint_that_is_gone_is_switched_off_by_the_system(account: Account, now: datetime, log: Log) -> None:
    delivery = tried_webhook(account, now)
    call = webhooks.begin_attempt(delivery.pk, now=now + timedelta(minutes=1))
    assert call is not None
    log.news()

    webhooks.record_outcome(call, Outcome(ms=1, code=410), now=now)

    entry = log.only()
    assert (entry.action, entry.door) == ("webhook_endpoint.disabled", "system")
    assert not WebhookEndpoint.objects.get().enabled


def test_a_delivery_that_a_founder_wants_again(founder: Client, account: Account, now: datetime, log: Log) -> None:
    delivery = tried_webhook(account, now)
    type(delivery).objects.update(status="failed", finished_at=now, next_attempt_at=None)
    log.news()

    press(founder, f"/admin/webhook-deliveries/{delivery.pk}/redeliver/")

    entry = log.only()
    assert (entry.action, entry.actor, entry.account_id) == ("webhook_delivery.redelivered", "staff:ada", account.pk)
    assert entry.changes["status"] == ["failed", "pending"]


def test_jobs_revived_together_are_one_entry_each_with_one_reason(now: datetime, log: Log) -> None:
    jobs = [dead_job(now) for _ in range(3)]
    waiting = dead_job(now)
    Job.objects.filter(pk=waiting.pk).update(state="waiting")

    with acting(door=Door.ADMIN, actor="staff:ada", why="SendGrid is back"):
        assert revive([job.pk for job in [*jobs, waiting]], now=now) == 3

    entries = log.news()
    assert {entry.object_id for entry in entries} == {str(job.pk) for job in jobs}
    assert {(e.action, e.actor, e.why) for e in entries} == {("job.revived", "staff:ada", "SendGrid is back")}
    assert entries[0].changes == {"state": ["dead", "waiting"], "attempts": [9, 0]}


def test_forgotten_jobs_are_told_with_what_they_were_about(now: datetime, log: Log) -> None:
    jobs = [dead_job(now), dead_job(now)]

    assert forget_dead([job.pk for job in jobs], now=now) == 2

    told_of = {entry.object_id: entry.changes["ref_id"][0] for entry in log.news()}
    assert told_of == {str(job.pk): str(job.ref_id) for job in jobs}


def test_a_thousand_rows_are_written_in_one_statement(now: datetime, log: Log, django_assert_num_queries: Any) -> None:
    jobs = [dead_job(now) for _ in range(30)]

    with django_assert_num_queries(5):  # savepoint, lock, update, insert, release
        revive([job.pk for job in jobs], now=now)

    assert len(log.news()) == 30


def test_what_nobody_in_particular_does_is_the_systems(now: datetime, log: Log) -> None:
    record("gift.looked_at", now=now)

    entry = log.only()
    assert (entry.door, entry.actor, entry.object_type, entry.object_id, entry.account) == (
        "system", "system", "", "", None,
    )  # fmt: skip


def test_a_shop_that_uses_its_key_changes_nothing(api: APIClient, log: Log) -> None:
    log.news()

    assert api.get("/v1/account").status_code == 200
    assert ApiKey.objects.get().last_used_on is not None

    assert log.news() == []


def test_a_document_is_told_by_the_places_that_differ() -> None:
    before = {"scenes": [{"kind": "title", "text": "A"}, {"kind": "end"}], "colours": ["red"], "theme": {}}
    after = {"scenes": [{"kind": "title", "text": "B"}], "colours": ["red", "blue"], "theme": {"ink": "#000"}}

    assert differences(before, after) == {
        "scenes.0.text": ["A", "B"],
        "scenes.1": [{"kind": "end"}, None],
        "colours": [["red"], ["red", "blue"]],
        "theme.ink": [None, "#000"],
    }
    assert differences(before, before) == {}

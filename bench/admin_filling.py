"""Fills a database as 13 months of business leave it, by SQL: gifts of many shops with what belongs to them.

Rows come in plausible proportion, their states by age. Indexes and foreign keys are made after the rows, which takes a
fifth of the time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from bench.filling import API_KEY, TEMPLATE

DAYS = 396
SHOPS = 60
TEST_ONE_IN = 20  # gifts are a test key's
TABLES = ("api_gift", "api_render", "api_message", "api_giftevent", "api_mailevent", "api_thanks", "api_upload",
          "api_auditentry", "outbox")  # fmt: skip

# A time and a name make an id of version 7, always the same one.
V7 = """
    CREATE FUNCTION pg_temp.v7(at timestamptz, name text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(name), 1, 3) || '8'
            || substr(md5(name), 4, 15))::uuid
    $$
"""

PREPARE = """
    INSERT INTO accounts_account
        (id, name, email, order_gate, requests_per_minute, mails_per_day, domains, origins, created_at)
    SELECT pg_temp.v7(%(first)s, 'shop' || n),
        (ARRAY['Confetti', 'Juniper', 'Harbour', 'Marigold', 'Piccolo'])[n %% 5 + 1] || ' Shop ' || n,
        'hello@shop' || n || '.example', 'per_gift', 1000, 100000, '{}', '{}', %(first)s
    FROM generate_series(1, %(shops)s) AS n;
    INSERT INTO accounts_apikey (id, account_id, name, livemode, digest, scopes, created_by, created_at)
    VALUES (%(api_key)s, pg_temp.v7(%(first)s, 'shop1'), 'bench', true, '', '{}', 'bench', %(first)s);
    INSERT INTO api_template (id, slug, name, occasion, description, status, aspect_ratio, duration_s, fields, theme,
                              scenes, music, backdrop, preview, created_at, updated_at)
    VALUES (%(template)s, 'birthday-bench', 'Birthday', 'birthday', '', 'published', '16:9', 20, '[]', '{}', '[]', '',
            '', '', %(first)s, %(first)s);
"""

# Shops differ in size: the square root puts most gifts with few of them. `dice` is a number from 0 to 99.
NUMBERED = """
    CREATE TEMP TABLE numbered AS
    SELECT i, at, %(now)s - at AS age, dice, pg_temp.v7(at, 'gift' || i) AS gift_id,
        pg_temp.v7(at + interval '1 second', 'render' || i) AS render_id,
        pg_temp.v7(%(first)s, 'shop' || 1 + floor(%(shops)s * power(random(), 3))::int) AS account_id,
        i %% %(test_one_in)s <> 0 AS livemode,
        (ARRAY['Ana', 'Ben', 'Chloe', 'Dev', 'Eli', 'Fatima', 'Grace', 'Hugo', 'Isla', 'Jack', 'Kira', 'Liam', 'Mia',
               'Noah', 'Olive', 'Priya', 'Quinn', 'Ravi', 'Sofia', 'Tom'])[1 + (i * 7) %% 20] AS sender,
        (ARRAY['Amelie', 'Bruno', 'Carla', 'Diego', 'Emma', 'Finn', 'Gita', 'Henry', 'Ivy', 'Jonas', 'Keiko', 'Leo',
               'Maya', 'Nils', 'Oscar', 'Paula', 'Rosa', 'Sam', 'Tess', 'Zoe'])[1 + (i * 13) %% 20] AS recipient,
        'O''' || substr(md5((i %% 40000)::text), 1, 6) AS family,
        CASE WHEN %(now)s - at < interval '20 minutes' THEN 'rendering'
             WHEN dice < 6 THEN 'canceled'
             WHEN %(now)s - at > interval '90 days' THEN 'expired'
             WHEN dice < 8 THEN 'failed'
             WHEN dice < 10 THEN 'bounced'
             WHEN dice < 14 AND %(now)s - at < interval '30 days' THEN 'draft'
             WHEN dice < 18 AND %(now)s - at < interval '30 days' THEN 'ready'
             WHEN dice < 24 AND %(now)s - at < interval '14 days' THEN 'scheduled'
             WHEN dice < 40 THEN 'sent'
             ELSE 'watched' END AS status
    FROM (
        SELECT i, %(first)s + i * (%(span)s::interval / %(count)s) AS at, (i * 37) %% 100 AS dice
        FROM generate_series(1, %(count)s) AS i
    ) AS rows;
    ANALYZE numbered
"""

GIFTS = """
    INSERT INTO api_gift (
        id, account_id, livemode, version, status, token, template_id, occasion, sender_name, sender_email,
        recipient_name, recipient_email, message, fields, product, metadata, order_required, order_reference,
        order_status, approval_required, delivery, deliver_at, deliver_wall, timezone, bounced_email, watched_percent,
        created_at, updated_at, submitted_at, rendered_at, sent_at, watched_at, expires_at, canceled_at, ended_at,
        last_event_at, render_id, film_id)
    SELECT gift_id, account_id, livemode, 3, status, substr(md5('token' || i), 1, 32), %(template)s, 'birthday',
        sender || ' ' || family, lower(sender) || i %% 200000 || '@example.com',
        recipient || ' ' || family, lower(recipient) || i || '@example.com',
        'Happy birthday, and many happy returns of the day!', '{"headline": "HOORAY"}', NULL, '{"cart": "c_91"}',
        true, CASE WHEN i %% 3 = 0 THEN '' ELSE 'SO-' || i END, 'paid', false, 'email', NULL, '', '',
        CASE WHEN status = 'bounced' THEN lower(recipient) || i || '@example.com' ELSE '' END,
        CASE WHEN status = 'watched' THEN 100 ELSE 0 END,
        at, at + interval '2 hours', CASE WHEN status <> 'draft' THEN at END,
        CASE WHEN status NOT IN ('draft', 'rendering', 'failed') THEN at + interval '1 minute' END,
        CASE WHEN status IN ('sent', 'watched', 'bounced', 'expired') THEN at + interval '5 minutes' END,
        CASE WHEN status = 'watched' OR status = 'expired' AND dice > 30 THEN at + interval '2 hours' END,
        CASE WHEN status NOT IN ('draft', 'rendering', 'failed', 'canceled') THEN at + interval '90 days' END,
        CASE WHEN status = 'canceled' THEN at + interval '1 hour' END,
        CASE status WHEN 'canceled' THEN at + interval '1 hour' WHEN 'expired' THEN at + interval '90 days' END,
        at + interval '2 hours',
        CASE WHEN status <> 'draft' THEN render_id END,
        CASE WHEN status NOT IN ('draft', 'rendering', 'failed') THEN render_id END
    FROM numbered
"""

RENDERS = """
    INSERT INTO api_render (id, gift_id, attempt, status, secret, provider_id, key, poster_key, size_bytes, duration_s,
                            width, height, created_at, submit_started_at, submitted_at, finished_at)
    SELECT render_id, gift_id, 1,
        CASE status WHEN 'rendering' THEN 'submitted' WHEN 'failed' THEN 'failed' ELSE 'succeeded' END,
        md5('secret' || i), md5('vendor' || i)::uuid::text, 'renders/' || render_id || '.mp4', '',
        8000000 + i %% 4000000, 25 + i %% 11, 1280, 720,
        at + interval '1 second', at + interval '2 seconds', at + interval '3 seconds',
        CASE WHEN status <> 'rendering' THEN at + (20 + (i * 31) %% 60) * interval '1 second' END
    FROM numbered WHERE status <> 'draft';
    INSERT INTO api_render (id, gift_id, attempt, status, secret, provider_id, key, poster_key, created_at,
                            submit_started_at, finished_at, failure)
    SELECT pg_temp.v7(at, 'first try' || i), gift_id, 1, 'failed', md5('other' || i), md5('gone' || i)::uuid::text,
        '', '', at, at, at + interval '9 seconds', '{"code": "render_failed"}'
    FROM numbered WHERE i %% 25 = 0 AND status <> 'draft'
"""

MAILS = """
    INSERT INTO api_message (id, account_id, livemode, gift_id, kind, status, to_email, to_name, attempts, provider_id,
                             is_possible_double, created_at, sending_started_at, accepted_at, reported_at)
    SELECT pg_temp.v7(at + later, kind || i), account_id, livemode, gift_id, kind,
        CASE WHEN NOT livemode THEN 'recorded'
             WHEN kind = 'gift' AND status = 'bounced' THEN 'bounced'
             WHEN i %% 1500 = 7 THEN 'refused'
             WHEN i %% 30 = 0 THEN 'accepted' ELSE 'delivered' END,
        CASE kind WHEN 'gift' THEN lower(recipient) || i ELSE lower(sender) || i %% 200000 END || '@example.com',
        '', 1, 'sg' || substr(md5(kind || i), 1, 20), i %% 5000 = 7, at + later, at + later,
        CASE WHEN livemode THEN at + later END, CASE WHEN livemode THEN at + later END
    FROM numbered, (VALUES ('receipt', interval '4 seconds', 100), ('video_ready', interval '1 minute', 30),
                           ('gift', interval '5 minutes', 100), ('thanks', interval '3 hours', 8))
        AS kinds(kind, later, share)
    WHERE status <> 'draft' AND i %% 100 < share
        AND (kind = 'receipt' OR status IN ('sent', 'watched', 'bounced', 'expired'))
"""

HISTORY = """
    INSERT INTO api_giftevent (id, gift_id, type, at, actor, data)
    SELECT pg_temp.v7(at + later, type || i), gift_id, type, at + later, 'system', '{"from": "rendering"}'
    FROM numbered, (VALUES ('gift.created', interval '0'), ('gift.rendering', interval '1 second'),
                           ('gift.sent', interval '5 minutes'), ('gift.watched', interval '2 hours'))
        AS types(type, later)
    WHERE type = 'gift.created' OR type = 'gift.rendering' AND status <> 'draft'
        OR type = 'gift.sent' AND status IN ('sent', 'watched', 'expired')
        OR type = 'gift.watched' AND status = 'watched';
    INSERT INTO api_mailevent (sg_event_id, message_id, type, at, received_at, raw)
    SELECT md5('event' || i), pg_temp.v7(at + interval '5 minutes', 'gift' || i), 'delivered', at, at, '{}'
    FROM numbered WHERE livemode AND status IN ('sent', 'watched', 'expired');
    INSERT INTO api_thanks (id, gift_id, message, created_at)
    SELECT pg_temp.v7(at, 'thanks' || i), gift_id, 'Thank you!', at + interval '3 hours'
    FROM numbered WHERE i %% 100 < 8 AND (status = 'watched' OR status = 'expired' AND dice > 30);
    INSERT INTO api_upload (id, account_id, livemode, status, filename, content_type, size, key, multipart_id,
                            part_size, created_at, expires_at, completed_at, removed_at)
    SELECT pg_temp.v7(at, 'upload' || i), account_id, livemode,
        CASE WHEN age > interval '90 days' THEN 'expired' ELSE 'ready' END, 'photo.jpg', 'image/jpeg', 30000000,
        'uploads/' || gift_id, '', 8388608, at, at + interval '90 days', at,
        CASE WHEN age > interval '90 days' THEN at + interval '90 days' END
    FROM numbered;
    INSERT INTO api_auditentry
        (id, at, door, actor, action, object_type, object_id, account_id, changes, why, request_id)
    SELECT pg_temp.v7(at, 'audit' || i), at, CASE i %% 10 WHEN 0 THEN 'admin' ELSE 'api' END,
        CASE i %% 10 WHEN 0 THEN 'staff:ada' ELSE 'api_key:' || i %% 90 END, 'gift.updated', 'gift', gift_id::text,
        account_id, '{"recipient_email": ["", ""]}', '', ''
    FROM numbered WHERE i %% 2 = 0;
    INSERT INTO outbox
        (kind, dedupe_key, ref_id, run_at, state, attempts, last_error, request_id, created_at, finished_at)
    SELECT 'mail.send', 'mail' || i, gift_id, at, CASE WHEN i %% 4000 = 0 THEN 'dead' ELSE 'done' END, 1,
        '', '', at, at FROM numbered WHERE age < interval '7 days'
"""


def fill(cursor: Any, count: int, *, now: datetime, days: int = DAYS) -> None:
    """Into an empty database."""
    values = {
        "first": now - timedelta(days=days),
        "span": timedelta(days=days),
        "now": now,
        "shops": SHOPS,
        "test_one_in": TEST_ONE_IN,
        "template": TEMPLATE,
        "api_key": API_KEY,
        "count": count,
    }
    cursor.execute("SET maintenance_work_mem = '256MB'; SELECT setseed(0.5)")
    cursor.execute(V7)
    cursor.execute(PREPARE, values)
    cursor.execute(NUMBERED, values)
    with _bare_tables(cursor):
        for statement in (GIFTS, RENDERS, MAILS, HISTORY):
            cursor.execute(statement, values)


@contextmanager
def _bare_tables(cursor: Any) -> Iterator[None]:
    """Without indexes and rules within this block."""
    cursor.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype IN ('f', 'u', 'c') AND conrelid = ANY(%s::regclass[]) ORDER BY contype",
        [list(TABLES)],
    )
    constraints = cursor.fetchall()
    for table, name, _definition in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in constraints:
        if not definition.startswith("FOREIGN KEY"):  # nothing is written here afterwards
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

"""Fills a database with one account's gifts, by SQL: as many as told, most of them alike and a few of them rare."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

ACCOUNT = "01900000-0000-7000-8000-00000000000a"
API_KEY = "benchbenchbe"
TEMPLATE = "01900000-0000-7000-8000-00000000000b"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=300)  # from the first gift to the last, however many there are
RARE = 300  # gifts with a rare status, address and reference: the oldest ones, where a scan from the newest ends last

PREPARE = """
    INSERT INTO accounts_account
        (id, name, email, order_gate, requests_per_minute, mails_per_day, domains, origins, created_at)
    VALUES (%(account)s, 'Shop', 'shop@example.com', 'per_gift', 1000, 1000, '{}', '{}', %(first)s);
    INSERT INTO accounts_apikey (id, account_id, name, livemode, digest, scopes, created_by, created_at)
    VALUES (%(api_key)s, %(account)s, 'bench', true, '', '{}', 'bench', %(first)s);
    INSERT INTO api_template (id, slug, name, occasion, description, status, aspect_ratio, duration_s, fields, theme,
                              scenes, music, backdrop, preview, created_at, updated_at)
    VALUES (%(template)s, 'plain', 'Plain', 'birthday', '', 'published', '16:9', 20, '[]', '{}', '[]', '', '', '',
            %(first)s, %(first)s);
"""

# One hour is everybody's: half of the gifts share their time of delivery.
FILL = """
    INSERT INTO api_gift (
        id, account_id, livemode, version, status, token, template_id, occasion, sender_name, sender_email,
        recipient_name, recipient_email, message, fields, product, metadata, order_required, order_reference,
        order_status, approval_required, delivery, deliver_at, deliver_wall, timezone, bounced_email, watched_percent,
        created_at, updated_at, sent_at, ended_at)
    SELECT
        (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8'
            || substr(md5(i::text), 4, 15))::uuid,
        %(account)s, true, 3,
        CASE WHEN i < %(rare)s THEN 'failed'
             ELSE (ARRAY['draft', 'rendering', 'canceled', 'expired', 'canceled'])[i %% 5 + 1] END,
        md5('token' || i), %(template)s, 'birthday', 'Ana', 'ana@example.com', 'Ben',
        CASE WHEN i < %(rare)s THEN 'Rare@example.com' ELSE 'ben' || i %% 5000 || '@example.com' END,
        'Happy birthday, and many happy returns of the day!', '{"headline": "HOORAY"}', NULL, '{"cart": "c_91"}',
        true, CASE WHEN i < %(rare)s THEN 'SO-RARE' WHEN i %% 3 = 0 THEN '' ELSE 'SO-' || i END,
        'pending', false, 'email',
        CASE WHEN i %% 2 = 0 THEN %(christmas)s ELSE at + interval '7 days' END, '', '', '', 0,
        at, at, NULL, CASE WHEN i %% 5 IN (2, 3, 4) THEN at END
    FROM (
        SELECT i, %(first)s + i * (%(span)s::interval / %(count)s) AS at FROM generate_series(0, %(count)s - 1) AS i
    ) AS numbered
"""


def fill(database_url: str, count: int) -> None:
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            insert_gifts(cursor, count)
            cursor.execute("VACUUM ANALYZE")


def insert_gifts(cursor: Any, count: int) -> None:
    """Into an empty database."""
    values = {
        "account": ACCOUNT,
        "api_key": API_KEY,
        "template": TEMPLATE,
        "first": FIRST,
        "span": SPAN,
        "christmas": FIRST + SPAN / 2,
        "rare": RARE,
        "count": count,
    }
    cursor.execute(PREPARE, values)
    cursor.execute(FILL, values)

"""What the console may read: each column of each table is listed here as shown, as personal, or as hidden.

Nobody has a column that is not listed: `api.console.grants` grants by this list, and a test compares it with the
models, so that a new column is neither shown nor forgotten by accident. Personal: who may see personal data sees it.
Hidden: nobody does, for it opens something (tokens, digests, secrets, the bucket's keys).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Columns by who sees them, separated by blanks, in the order in which the console lists them."""

    shown: str
    personal: str = ""
    hidden: str = ""

    def readable(self, *, with_pii: bool) -> list[str]:
        return [*self.shown.split(), *(self.personal.split() if with_pii else [])]

    def all(self) -> list[str]:
        return f"{self.shown} {self.personal} {self.hidden}".split()


@dataclass(frozen=True)
class View:
    """What a table keeps together with something personal, by itself.

    PostgreSQL lets nobody drop a column that a view reads: take it out here one release before.
    """

    meaning: str
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)  # name: type, meaning
    sql: str = ""


TABLES = {
    "api_gift": Table(
        "id account_id livemode version status template_id occasion order_required order_reference order_status"
        " approval_required approved_at delivery deliver_at deliver_wall timezone due_at render_id film_id"
        " watched_percent created_at updated_at submitted_at rendered_at sent_at watched_at expires_at canceled_at"
        " ended_at forgotten_at last_event_at",
        personal="sender_name sender_email recipient_name recipient_email message fields product metadata failure"
        " bounced_email",
        hidden="token",
    ),
    "api_giftevent": Table("id gift_id type at", personal="actor data"),
    "api_giftmedia": Table("id gift_id upload_id position"),
    "api_render": Table(
        "id gift_id attempt status provider_id size_bytes duration_s width height created_at submit_started_at"
        " submitted_at finished_at",
        personal="failure",
        hidden="secret key poster_key",
    ),
    "api_rendercallback": Table("id render_id received_at", hidden="payload"),
    "api_message": Table(
        "id account_id livemode gift_id thanks_id endpoint_id kind status attempts provider_id is_possible_double"
        " created_at sending_started_at accepted_at reported_at",
        personal="to_email to_name failure",
    ),
    "api_mailevent": Table("id sg_event_id message_id type at received_at applied_at", personal="raw"),
    "api_thanks": Table("id gift_id created_at", personal="message"),
    "api_upload": Table(
        "id account_id livemode status content_type size part_size duration_s created_at expires_at completed_at"
        " removed_at",
        personal="filename failure",
        hidden="key multipart_id",
    ),
    "api_template": Table(
        "id slug name occasion description status aspect_ratio duration_s fields theme scenes created_at updated_at",
        hidden="music backdrop preview",
    ),
    "accounts_account": Table(
        "id name order_gate requests_per_minute mails_per_day domains origins suspended_at resumed_at created_at",
        personal="email",
    ),
    "accounts_apikey": Table(
        "id account_id name livemode scopes created_at replaces_id expires_at revoked_at last_used_on",
        personal="created_by revoked_by",
        hidden="digest form_token",
    ),
    "api_webhookendpoint": Table(
        "id account_id livemode version types enabled failing_since disabled_at disabled_reason created_at updated_at",
        personal="url",
        hidden="secret former_secrets",
    ),
    "api_webhookdelivery": Table(
        "id endpoint_id event_id type status tries runs created_at next_attempt_at finished_at", personal="body"
    ),
    "api_webhookattempt": Table("id delivery_id started_at ended_at code ms error", personal="response"),
    "outbox": Table(
        "id kind dedupe_key ref_id run_at state lease_until attempts request_id created_at finished_at",
        personal="last_error",
        hidden="lease_token",
    ),
    "api_batch": Table(
        "id kind state total done_count failed_count created_at started_at finished_at canceled_at slice_started_at"
        " blanked_at",
        personal="title created_by why params",
    ),
    "api_batchitem": Table("id batch_id position ref_id state tries finished_at", personal="label payload detail"),
    "api_campaign": Table(
        "id account_id livemode template_id is_paid created_at canceled_at",
        personal="name defaults created_by canceled_by",
    ),
    "api_campaigngift": Table("id campaign_id gift_id", personal="row_key", hidden="row_sha256"),
    "api_sheet": Table(
        "id kind scope_id state size format rows checked_rows counts created_at expires_at confirmed_at batch_id",
        personal="header problems created_by",
        hidden="key",
    ),
    "api_sheetrow": Table("id sheet_id number outcome applied_at", personal="row_key values changes errors"),
    "api_export": Table(
        "id kind format has_personal_data state rows created_at finished_at expires_at",
        personal="filters problem created_by",
        hidden="key",
    ),
    "api_suppression": Table("id reason created_at", personal="masked source", hidden="address_sha256"),
    "api_daycount": Table("id kind day counts counted_at is_stale is_open"),
    "api_auditentry": Table(
        "id at door action object_type object_id account_id request_id", personal="actor changes why"
    ),
}

# Nothing of these, now or later: the team and its sessions, second factors and rights; callers' addresses; answers kept
# for a day; Django's own book-keeping; what was typed into this console.
HIDDEN_TABLES = frozenset(
    """
    accounts_user accounts_user_groups accounts_user_user_permissions auth_group auth_group_permissions auth_permission
    django_admin_log django_content_type django_migrations django_session
    axes_accessattempt axes_accessattemptexpiration axes_accessfailurelog axes_accesslog
    otp_static_staticdevice otp_static_statictoken otp_totp_totpdevice
    accounts_ratewindow api_figures api_idempotentcall api_savedfilter api_savedquery api_queryrun
    """.split()  # noqa: SIM905 - reads better than seventeen strings
)

VIEWS = {
    "failures": View(
        "Why gifts, renders, mails and uploads failed: the code of it, without the words.",
        {
            "kind": ("text", "gift, render, mail or upload"),
            "id": ("uuid", "of the gift, render, mail or upload"),
            "gift_id": ("uuid", "the gift that it is about, if it is about one"),
            "code": ("text", "what went wrong, such as render_failed"),
            "created_at": ("timestamptz", "when the gift, render, mail or upload was made"),
        },
        """
        SELECT 'gift'::text AS kind, id, id AS gift_id, failure ->> 'code' AS code, created_at
        FROM api_gift WHERE failure IS NOT NULL
        UNION ALL SELECT 'render', id, gift_id, failure ->> 'code', created_at
        FROM api_render WHERE failure IS NOT NULL
        UNION ALL SELECT 'mail', id, gift_id, failure ->> 'code', created_at
        FROM api_message WHERE failure IS NOT NULL
        UNION ALL SELECT 'upload', id, NULL::uuid, failure ->> 'code', created_at
        FROM api_upload WHERE failure IS NOT NULL
        """,
    ),
}

# Ids are UUIDs of version 7, which begin with their time in milliseconds: so the primary key finds a stretch of time.
ID_AT = """
CREATE OR REPLACE FUNCTION id_at(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
"""

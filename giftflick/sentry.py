"""Crashes, timeouts and slow requests for Sentry, by type and place only; without SENTRY_DSN nothing of it is imported.

What leaves is picked name by name, so that whatever else the SDK collects, now or after an update, stays here.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from giftflick.logs import is_ours, request_id

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

    from giftflick.deadline import Stacks

log = logging.getLogger("giftflick.sentry")

SLOW = timedelta(seconds=1)
FLUSH_WITHIN_S = 1.0  # an answer waits so long for an event that Sentry does not take
UNTRACED = ("/healthz", "/readyz", "/static/")
LAPTOP = "laptop"  # the SDK's own default is "production"

KEPT = (
    *("event_id", "type", "timestamp", "start_timestamp", "level", "logger", "platform", "sdk"),
    *("release", "environment", "transaction_info"),
)
KEPT_OF_FRAME = ("filename", "abs_path", "function", "module", "lineno", "in_app")
KEPT_OF_SPAN = ("span_id", "parent_span_id", "trace_id", "op", "origin", "status", "start_timestamp", "timestamp")
OUR_TEXTS = ("db", "view", "template")  # kinds of spans whose descriptions are SQL without values, or names of code

_is_started = False
_is_waiting = False  # for something to leave


def start() -> None:
    """Report from now on, if SENTRY_DSN is set; once a process, when Django is set up.

    A DSN that is none is logged and no more: the site works without Sentry.
    """
    global _is_started
    if not settings.SENTRY_DSN or _is_started:
        return
    try:
        check_dsn()
    except ImproperlyConfigured:
        log.exception("SENTRY_DSN is not a DSN, so nothing is reported to Sentry")
        return
    _start()
    _is_started = True


def check_dsn() -> None:
    """Raises ImproperlyConfigured if SENTRY_DSN is set to something that is not a DSN."""
    if not settings.SENTRY_DSN:
        return
    from sentry_sdk.utils import BadDsn, Dsn

    try:
        Dsn(settings.SENTRY_DSN)
    except BadDsn:
        raise ImproperlyConfigured(
            "SENTRY_DSN must be a DSN, such as https://key@o1.ingest.sentry.io/2, or empty"
        ) from None


def flush() -> None:
    """Wait until what was reported has left: between invocations the process is frozen."""
    global _is_waiting
    if _is_waiting:
        import sentry_sdk

        _is_waiting = False
        sentry_sdk.flush(timeout=FLUSH_WITHIN_S)


def report_timeout(stacks: "Stacks") -> None:
    """Where each thread is; waits until it has left, because the process may be about to end."""
    if not _is_started:
        return
    import sentry_sdk

    threads = [
        {
            "id": name,
            "name": name,
            "stacktrace": {
                "frames": [{"filename": f.filename, "function": f.name, "lineno": f.lineno} for f in frames]
            },
        }
        for name, frames in stacks.items()
    ]
    event: Any = {"level": "fatal", "logger": "giftflick.deadline", "threads": {"values": threads}}
    event["logentry"] = {"message": "out of time"}
    sentry_sdk.capture_event(event)
    flush()


def _start() -> None:
    import sentry_sdk
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
    from sentry_sdk.integrations.stdlib import StdlibIntegration

    ignore_logger("giftflick.requests")  # of a view's crash Django's own integration knows more
    ignore_logger("giftflick.deadline")  # and `report_timeout` more than its line
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE,
        environment=settings.STAGE or LAPTOP,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(transaction_style="url", signals_spans=False),
            LoggingIntegration(level=None, event_level=logging.ERROR),
            DedupeIntegration(),
            StdlibIntegration(),
        ],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        trace_propagation_targets=[],  # vendors and shops get no header of Sentry's
        strict_trace_continuation=True,
        traces_sampler=_sampling_rate,
        before_send=_scrubbed,
        before_send_transaction=_scrubbed_transaction,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
    )
    sentry_sdk.get_global_scope().add_event_processor(_without_fast_requests)


def _sampling_rate(context: Mapping[str, Any]) -> float:
    """All requests: which of them are slow is known when they are over."""
    path = context.get("wsgi_environ", {}).get("PATH_INFO", "")
    return 0.0 if path.startswith(UNTRACED) else 1.0


def _without_fast_requests(event: "Event", _hint: "Hint") -> "Event | None":
    """The first of the SDK's processors, so that a request that nobody will see costs no more than its clock."""
    given: dict[str, Any] = dict(event)
    if given.get("type") != "transaction":
        return event
    took: timedelta = given["timestamp"] - given["start_timestamp"]
    return None if took < SLOW else event


def _scrubbed(event: "Event", _hint: "Hint") -> "Event | None":
    global _is_waiting
    _is_waiting = True
    given: dict[str, Any] = dict(event)
    kept = _kept(given)
    for name in ("exception", "threads"):
        if given.get(name):
            kept[name] = {"values": [_places(value) for value in given[name].get("values", [])]}
    if is_ours(given.get("logger") or ""):
        kept |= {name: given[name] for name in ("logentry", "extra") if name in given}
    return kept  # type: ignore[return-value]


def _scrubbed_transaction(event: "Event", _hint: "Hint") -> "Event | None":
    global _is_waiting
    _is_waiting = True
    given: dict[str, Any] = dict(event)
    return {**_kept(given), "spans": [_span(span) for span in given.get("spans", [])]}  # type: ignore[return-value]


def _kept(event: Mapping[str, Any]) -> dict[str, Any]:
    """What every event may have; a transaction is called by its route, or not at all: a path may hold a token."""
    kept = {name: event[name] for name in KEPT if name in event}
    is_route = event.get("transaction_info", {}).get("source") == "route"
    kept["transaction"] = event.get("transaction") if is_route else "no route"
    kept["tags"] = {"request_id": request_id.get() or _request_header(event, "X-Request-Id")}
    if trace := event.get("contexts", {}).get("trace"):
        kept["contexts"] = {"trace": {name: trace[name] for name in KEPT_OF_SPAN if name in trace}}
    return kept


def _places(value: Mapping[str, Any]) -> dict[str, Any]:
    """Of an exception its type and where it was raised; of a thread its name and where it is."""
    kept = {name: value[name] for name in ("id", "name", "type", "module") if name in value}
    if mechanism := value.get("mechanism"):
        kept["mechanism"] = {name: mechanism[name] for name in ("type", "handled") if name in mechanism}
    frames = (value.get("stacktrace") or {}).get("frames") or []
    kept["stacktrace"] = {
        "frames": [{name: frame[name] for name in KEPT_OF_FRAME if name in frame} for frame in frames]
    }
    return kept


def _span(span: Mapping[str, Any]) -> dict[str, Any]:
    """A call to the outside is described by its host."""
    kept = {name: span[name] for name in KEPT_OF_SPAN if name in span}
    op, text = str(span.get("op") or ""), str(span.get("description") or "")
    if op.startswith(OUR_TEXTS):
        kept["description"] = text
    elif op == "http.client":
        method, _, url = text.partition(" ")
        kept["description"] = f"{method} {urlsplit(url).hostname}"
    return kept


def _request_header(event: Mapping[str, Any], name: str) -> str:
    return str(event.get("request", {}).get("headers", {}).get(name, ""))

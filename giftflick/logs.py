"""One JSON line a log record, with the request's id; whoever logs passes no personal data and no secret."""

import json
import logging
import re
import traceback
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime

# What a line is about: the request, or the one that queued the job; a caller may have chosen it.
request_id: ContextVar[str] = ContextVar("request_id", default="")
CALLERS_OWN_ID = re.compile(r"[\x20-\x7e]{1,128}")

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request", "status_code"}
OUR_LOGGERS = ("giftflick", "accounts", "api")


class JsonFormatter(logging.Formatter):
    """Writes the message, what was passed as `extra`, and a traceback without the exception's own words.

    An exception's text may quote user data (a duplicate address, a signed URL), its type and place do not. Nor do the
    templates of other packages' messages, of which nothing else is written.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if is_ours(record.name) else str(record.msg),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        if is_ours(record.name):
            line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["traceback"] = places(traceback.extract_tb(record.exc_info[2]))
        return json.dumps(line, default=str)


def is_ours(module: str) -> bool:
    """Whether a logger, or a class, is of this project: its words are chosen so that a log may hold them."""
    return module.partition(".")[0] in OUR_LOGGERS


def places(frames: Iterable[traceback.FrameSummary]) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]

"""One JSON line a log record, with the request's id; whoever logs passes no personal data and no secret."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request", "status_code"}


class JsonFormatter(logging.Formatter):
    """Writes the message, what was passed as `extra`, and a traceback without the exception's own words.

    An exception's text may quote user data (a duplicate address, a signed URL), its type and place do not.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["traceback"] = self._places(record)
        return json.dumps(line, default=str)

    @staticmethod
    def _places(record: logging.LogRecord) -> list[str]:
        import traceback

        frames = traceback.extract_tb(record.exc_info[2]) if record.exc_info else []
        return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]

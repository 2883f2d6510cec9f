"""Handlers that stand in for ours where a test is about the gateway or the runtime; run in processes of their own."""

import base64
import os
import signal
import time
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def obey(event: Event, context: Any) -> Any:
    """Do what the event says."""
    if "raise" in event:
        raise ValueError(event["raise"])
    if "die" in event:
        os.kill(os.getpid(), signal.SIGKILL)
    if "leave" in event:
        os._exit(int(event["leave"]))
    if "await" in event:
        _meet(Path(event["await"]), int(event["guests"]))
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "letters" in event:
        return "x" * (int(event["letters"]) - 2)  # with its quotes
    return {"pid": os.getpid(), "event": event, "left_ms": context.get_remaining_time_in_millis()}


def echo(event: Event, _context: Any) -> Any:
    """Answer with the event, or with what its body asks for by name."""
    path = event["rawPath"]
    if path.startswith("/answers/"):
        return ANSWERS[path.removeprefix("/answers/")]
    if path == "/raise":
        raise ValueError("a secret of the function")
    if path == "/sleep":
        time.sleep(30)
    if path == "/letters":
        return {"statusCode": 200, "body": "x" * int(event["rawQueryString"])}
    if path == "/meet":
        _meet(Path(event["queryStringParameters"]["at"]), 2)
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": _spoken(event)}


def judge(event: Event, _context: Any) -> Any:
    """Decide by the key's own words, and write down that it was asked."""
    key = event["identitySource"][0]
    with Path(os.environ["ASKED"]).open("a") as asked:
        asked.write(f"{key}\n")
    if key == "crash":
        raise ValueError("a secret of the authorizer")
    if key == "exit":
        os._exit(1)
    if key == "rubbish":
        return {"allowed": True}
    if key == "truthy":
        return {"isAuthorized": "yes", "context": {}}
    return {"isAuthorized": key.startswith("good"), "context": {"key_id": key, "livemode": True, "limit": 600}}


ANSWERS: dict[str, Any] = {
    "text": "plain words",
    "object": {"no": "status code"},
    "number": 7,
    "nothing": None,
    "created": {"statusCode": 201, "headers": {"X-One": "1"}, "cookies": ["a=1", "b=2; Path=/"], "body": "made"},
    "binary": {
        "statusCode": 200,
        "headers": {"content-type": "image/png"},
        "body": base64.b64encode(bytes(range(256))).decode(),
        "isBase64Encoded": True,
    },
    "no-content": {"statusCode": 204},
    "own-length": {
        "statusCode": 200,
        "headers": {"Content-Length": "999", "Transfer-Encoding": "chunked"},
        "body": "ok",
    },
    "bad-status": {"statusCode": "fine", "body": ""},
    "bad-body": {"statusCode": 200, "body": {"an": "object"}},
    "bad-base64": {"statusCode": 200, "body": "???", "isBase64Encoded": True},
    "bad-header": {"statusCode": 200, "headers": {"X-One": "1\r\nSet-Cookie: a=1"}, "body": ""},
    "bad-headers": {"statusCode": 200, "headers": ["X-One"], "body": ""},
}


def _spoken(event: Event) -> str:
    import json

    return json.dumps(event)


def _meet(folder: Path, guests: int) -> None:
    """Return once so many processes are here, which only happens if they run at the same time."""
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + 10
    while len(list(folder.iterdir())) < guests:
        if time.monotonic() > deadline:
            raise TimeoutError("nobody else came")
        time.sleep(0.01)

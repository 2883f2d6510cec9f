"""`python -m local.lambda_client MODULE.FUNCTION`: a runtime client, for where AWS's own has no wheel."""

import http.client
import importlib
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

API = "/2018-06-01/runtime"


@dataclass
class Context:
    aws_request_id: str
    deadline_ms: int

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline_ms - time.time_ns() // 1_000_000)


def main(handler: str) -> None:
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def ask(method: str, path: str, *answer: Any) -> tuple[http.client.HTTPMessage, bytes]:
        api.request(method, API + path, body=json.dumps(*answer) if answer else None)
        response = api.getresponse()
        return response.headers, response.read()

    try:
        module, _, name = handler.rpartition(".")
        function = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - whatever it is, the Runtime API is told
        ask("POST", "/init/error", {"errorMessage": str(error), "errorType": type(error).__name__})
        sys.exit(1)
    while True:
        headers, event = ask("GET", "/invocation/next")
        mark = headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = function(json.loads(event), Context(mark, int(headers["Lambda-Runtime-Deadline-Ms"])))
            ask("POST", f"/invocation/{mark}/response", answer)
        except Exception as error:  # noqa: BLE001
            ask("POST", f"/invocation/{mark}/error", {"errorMessage": str(error), "errorType": type(error).__name__})


if __name__ == "__main__":
    main(sys.argv[1])

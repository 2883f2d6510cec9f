"""Lambda: the zips that moto keeps, run in warm sandboxes under the configuration that each was given."""

import io
import json
import shutil
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from moto.awslambda.models import LambdaFunction
from moto.core.utils import unix_time_millis, utcnow
from moto.sts.models import sts_backends

from local.lambda_runtime import Function, FunctionError, InvocationError, ThrottledError

# What AWS's Python has besides the standard library.
RUNTIME = ("boto3",)
COPIES = 4  # at the same time, of one function; the next ones wait for them
SESSION_S = 12 * 3600
ATTEMPTS = 3  # of what nobody waits for, unless the function says otherwise


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation."""

    payload: bytes
    is_error: bool
    log: str


class Functions:
    """Keeps code and logs in `folder`. A changed function gets new sandboxes; what is running ends undisturbed."""

    def __init__(self, folder: Path) -> None:
        self.endpoint = ""  # where functions find the cloud
        self._code = folder / "code"
        self._logs = folder / "logs"
        self._lock = Lock()
        self._running: dict[tuple[str, str], tuple[str, Function]] = {}
        self._later = ThreadPoolExecutor(COPIES * 2, thread_name_prefix="invocation")

    def invoke(self, spec: LambdaFunction, event: Any, mark: str) -> Outcome:
        """Wait for what comes of it; a function that fails is an outcome. Raises ThrottledError."""
        if spec.reserved_concurrency == 0:
            raise ThrottledError(f"{spec.function_name} may not run at all")
        function, said = self._function(spec), [f"START RequestId: {mark} Version: {spec.version}\n"]
        started = time.monotonic()
        try:
            answer = function.invoke(event, mark=mark, hear=said.append)
            payload, is_error = json.dumps(answer, ensure_ascii=False), False
        except ThrottledError:
            raise
        except InvocationError as error:
            payload, is_error = json.dumps(_refusal(error, spec)), True
        ms = (time.monotonic() - started) * 1000
        said += [f"END RequestId: {mark}\n", f"REPORT RequestId: {mark}\tDuration: {ms:.2f} ms\n"]
        log = "".join(said)
        self._keep(spec, log)
        return Outcome(payload.encode(), is_error, log)

    def invoke_later(self, spec: LambdaFunction, event: Any, mark: str) -> None:
        """Return at once; what fails is tried again as often as the function's configuration says."""
        configured = spec.event_invoke_config[0].config if spec.event_invoke_config else {}
        attempts = 1 + configured.get("MaximumRetryAttempts", ATTEMPTS - 1)
        self._later.submit(self._attempt, spec, event, mark, attempts)

    def forget(self, name: str) -> None:
        """Stop all versions of a function that is no more."""
        with self._lock:
            gone = [self._running.pop(key) for key in list(self._running) if key[0] == name]
        for _, function in gone:
            function.stop()

    def stop(self) -> None:
        self._later.shutdown(wait=False, cancel_futures=True)
        for name in {name for name, _ in self._running}:
            self.forget(name)

    def zip_of(self, sha: str) -> Path:
        return self._code / f"{sha}.zip"

    def keep_zip(self, spec: LambdaFunction) -> str:
        """The name by which `zip_of` finds the code as it was uploaded."""
        sha = str(spec.code_digest).removeprefix("sha256:")
        with self._lock:
            file = self.zip_of(sha)
            if not file.exists():
                self._code.mkdir(parents=True, exist_ok=True)
                file.write_bytes(spec.code_bytes)
        return sha

    def _attempt(self, spec: LambdaFunction, event: Any, mark: str, attempts: int) -> None:
        for _ in range(attempts):
            with suppress(ThrottledError):
                if not self.invoke(spec, event, mark).is_error:
                    return

    def _function(self, spec: LambdaFunction) -> Function:
        folder = self._unpacked(spec)
        version = str(spec.version)
        configuration = (spec.code_sha_256, spec.handler, spec.role, spec.timeout, spec.environment_vars)
        wanted, key = repr((configuration, spec.reserved_concurrency)), (spec.function_name, version)
        with self._lock:
            had, function = self._running.get(key, ("", None))
            if function is None or had != wanted:
                if function:
                    function.retire()
                function = self._new(spec, folder)
                self._running[key] = wanted, function
        return function

    def _new(self, spec: LambdaFunction, folder: Path) -> Function:
        return Function(
            spec.function_name,
            str(spec.handler),
            env={**self._environment(spec), **spec.environment_vars},
            logs=self._logs / f"{spec.function_name}-{uuid4().hex[:8]}",
            folder=folder,
            only=RUNTIME,
            copies=min(COPIES, spec.reserved_concurrency or COPIES),
            timeout_s=float(spec.timeout),
            arn=spec.function_arn,
        )

    def _environment(self, spec: LambdaFunction) -> dict[str, str]:
        """What AWS gives every function, and where its services are here."""
        region = spec.region
        role = sts_backends[spec.account_id]["aws"].assume_role(
            region, spec.function_name, spec.role, "", SESSION_S, ""
        )
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": role.access_key_id,
            "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
            "AWS_SESSION_TOKEN": role.session_token,
            "AWS_LAMBDA_FUNCTION_VERSION": str(spec.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.logs_group_name,
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def _unpacked(self, spec: LambdaFunction) -> Path:
        folder = self._code / self.keep_zip(spec)
        with self._lock:
            if not folder.exists():
                unfinished = folder.with_suffix(".unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                with zipfile.ZipFile(io.BytesIO(spec.code_bytes)) as archive:
                    archive.extractall(unfinished)
                unfinished.rename(folder)
        return folder

    def _keep(self, spec: LambdaFunction, log: str) -> None:
        """In the function's log group, if there is one: its role must not make it."""
        groups = spec.logs_backend.groups
        if spec.logs_group_name not in groups:
            return
        stream = f"{utcnow():%Y/%m/%d}/[{spec.version}]{uuid4().hex}"
        events = [{"timestamp": unix_time_millis(), "message": line} for line in log.splitlines()]
        spec.logs_backend.create_log_stream(spec.logs_group_name, stream)
        spec.logs_backend.put_log_events(spec.logs_group_name, stream, events)


def _refusal(error: InvocationError, spec: LambdaFunction) -> dict[str, Any]:
    if isinstance(error, FunctionError):
        return error.payload
    return {"errorType": "Sandbox.Timedout", "errorMessage": f"Task timed out after {spec.timeout:.2f} seconds"}

"""One log line for each call to another company's service: whose, which, how it ended, how long it took."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger("giftflick.vendors")


@dataclass
class VendorCall:
    """Whoever makes the call notes the answer's HTTP `status`, or the kind of `failure` if there was none."""

    status: int | None = None
    failure: str | None = None


@contextmanager
def vendor_call(vendor: str, operation: str) -> Iterator[VendorCall]:
    """Time the call made within. `operation` is a name of ours: no URL, no id of a person's."""
    call = VendorCall()
    started = time.perf_counter()
    try:
        yield call
    except Exception as error:
        if call.status is None:
            call.failure = call.failure or type(error).__name__
        raise
    finally:
        ms = round((time.perf_counter() - started) * 1000)
        ended = {"failure": call.failure} if call.failure else {"status": call.status}
        log.info("vendor call", extra={"vendor": vendor, "operation": operation, **ended, "ms": ms})


@contextmanager
def aws_call(service: str, operation: str) -> Iterator[None]:
    """`vendor_call` for what botocore calls, which raises whatever is no success: 200 stands for all of those."""
    from botocore.exceptions import ClientError

    with vendor_call(service, operation) as call:
        try:
            yield
            call.status = 200
        except ClientError as error:
            call.status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            raise

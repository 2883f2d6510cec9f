"""Signed calls without AWS's SDK: the signature is the SDK's own."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials

from giftflick import aws
from local.ports import free_port

HOST = "lambda.ap-southeast-2.amazonaws.com"


@pytest.mark.parametrize("token", ["", "a-session-token/+="])
@pytest.mark.parametrize("body", [b"", b'{"tick": true}', "für".encode()])
@pytest.mark.parametrize("path", ["/", "/2015-03-31/functions/giftflick-dev/invocations", "/a b/%2F"])
def test_a_call_is_signed_as_the_sdk_signs_it(path: str, body: bytes, token: str) -> None:
    headers = {"content-type": "application/json", "X-Amz-Target": "secretsmanager.GetSecretValue", "host": HOST}

    signed = aws.sign(
        path,
        body,
        headers,
        aws.Credentials("AKIA0123456789ABCDEF", "a-secret", token),
        scope=("ap-southeast-2", "lambda"),
        at=datetime.now(UTC),
    )

    # It takes the time from the request, so a second may pass in between.
    request = AWSRequest("POST", f"https://{HOST}{path}", headers=headers, data=body)
    signer = SigV4Auth(SdkCredentials("AKIA0123456789ABCDEF", "a-secret", token or None), "lambda", "ap-southeast-2")
    request.context["timestamp"] = signed["x-amz-date"]
    request.headers["X-Amz-Date"] = signed["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert signed["authorization"].endswith(f"Signature={signer.signature(text, request)}")


def test_whoever_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(aws.AwsAwayError, match=r"^ConnectionRefusedError$"):
        aws.post("lambda", "/", b"", headers={}, timeout=1)

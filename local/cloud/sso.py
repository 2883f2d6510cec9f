"""IAM Identity Center's portal: lends a role's keys to whoever has a token, until the token expires."""

import hashlib
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sts.models import sts_backends

from local.aws.identities import REGION
from local.private_files import write_private

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CREDENTIALS = "/federation/credentials"
PROFILE, SESSION, ROLE = "giftflick-dev", "giftflick", "Developer"
TOKEN = "local-sso-"  # then the second at which it expires
KEYS_LIVE_S = 3600


def lend_credentials(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """GetRoleCredentials."""
    asked = parse_qs(environ.get("QUERY_STRING", ""))
    account, role = asked.get("account_id", [""])[0], asked.get("role_name", [""])[0]
    if not _is_valid(environ.get("HTTP_X_AMZ_SSO_BEARER_TOKEN", "")):
        return _answer(
            start_response, "401 Unauthorized", "UnauthorizedException", "Session token not found or invalid"
        )
    if (account, role) != (DEFAULT_ACCOUNT_ID, ROLE):
        return _answer(start_response, "403 Forbidden", "ForbiddenException", "No access")
    arn = f"arn:aws:iam::{account}:role/{role}"
    lent = sts_backends[account]["aws"].assume_role(REGION, PROFILE, arn, "", KEYS_LIVE_S, "")
    credentials = {
        "accessKeyId": lent.access_key_id,
        "secretAccessKey": lent.secret_access_key,
        "sessionToken": lent.session_token,
        "expiration": round((time.time() + KEYS_LIVE_S) * 1000),
    }
    body = json.dumps({"roleCredentials": credentials}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def log_in(home: Path, expires_at: datetime) -> None:
    """Leave in `home` what `aws sso login` leaves: the profile PROFILE, and a token for it. No key."""
    (home / ".aws" / "sso" / "cache").mkdir(parents=True, exist_ok=True)
    write_private(
        home / ".aws" / "config",
        f"""[profile {PROFILE}]
sso_session = {SESSION}
sso_account_id = {DEFAULT_ACCOUNT_ID}
sso_role_name = {ROLE}
region = {REGION}

[sso-session {SESSION}]
sso_start_url = https://giftflick.awsapps.example/start
sso_region = {REGION}
""",
    )
    token = {
        "startUrl": "https://giftflick.awsapps.example/start",
        "region": REGION,
        "accessToken": f"{TOKEN}{expires_at.timestamp():.0f}",
        "expiresAt": f"{expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    name = hashlib.sha1(SESSION.encode(), usedforsecurity=False).hexdigest()  # botocore's
    write_private(home / ".aws" / "sso" / "cache" / f"{name}.json", json.dumps(token))


def _is_valid(token: str) -> bool:
    expires_at = token.removeprefix(TOKEN)
    return token.startswith(TOKEN) and expires_at.isdecimal() and int(expires_at) > time.time()


def _answer(start_response: "StartResponse", status: str, code: str, message: str) -> Iterable[bytes]:
    body = json.dumps({"message": message}).encode()
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]

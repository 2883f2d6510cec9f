"""The edge: what was deployed is what is served."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1

from local.cloud.deployed import match
from local.cloud.edge import Edge
from local.tls import make_certificate, server_context
from tests.local.cloud.harness import Cloud
from tests.local.cloud.site import Site
from tests.waiting import eventually

FILM = "/media/renders/film.mp4"
WITHIN_S = 10


@pytest.fixture(scope="module")
def site(cloud: Cloud) -> Site:
    return Site(cloud)


@pytest.fixture(scope="module")
def edge(cloud: Cloud, site: Site) -> Iterator[Edge]:
    cloud.client("s3").put_object(Bucket=site.outputs["Media"], Key="renders/film.mp4", Body=b"0123456789")
    with Edge(cloud.url, site.alias) as edge:
        yield edge


def get(edge: Edge, path: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib3.request(method, f"{edge.url}{path}", headers=named, retries=False, timeout=30)


def said(edge: Edge, path: str, **headers: str) -> Any:
    return json.loads(get(edge, path, **headers).data)


def signed(edge: Edge, path: str, key: RSAPrivateKey, key_id: str, *, lives: timedelta = timedelta(minutes=1)) -> str:
    signer = CloudFrontSigner(key_id, lambda policy: key.sign(policy, PKCS1v15(), SHA1()))  # noqa: S303 - CloudFront's
    url = signer.generate_presigned_url(f"{edge.url}{path}", date_less_than=datetime.now(UTC) + lives)
    return url.removeprefix(edge.url)


def test_site_gets_the_edges_headers_whatever_the_viewer_sent(edge: Edge) -> None:
    forged = {"CloudFront_Viewer_Address": "198.51.100.1:1", "X_Forwarded_For": "x"}
    got = said(edge, "/hello", X_Origin_Secret="guessed", **forged)

    headers, context = got["headers"], got["context"]
    assert (headers["x-origin-secret"], headers["cloudfront-viewer-address"]) == ("first", "127.0.0.1:0")
    assert headers["x-forwarded-for"] == f"x, 127.0.0.1, {context['http']['sourceIp']}"
    assert headers["host"] == edge.url.removeprefix("http://")


def test_calls_pass_the_authorizer_and_preflights_do_not(edge: Edge) -> None:
    statuses = [get(edge, "/v1/gifts").status, get(edge, "/v1/gifts", X_API_Key="wrong").status]
    call = said(edge, "/v1/gifts", X_API_Key="right")

    assert statuses == [401, 403]
    assert (call["route"], call["context"]["authorizer"]) == ("ANY /v1/{proxy+}", {"lambda": {"account_id": "7"}})
    assert json.loads(get(edge, "/v1/gifts", "OPTIONS").data)["route"] == "OPTIONS /v1/{proxy+}"
    assert said(edge, "/v1")["route"] == "$default"


def test_authorizers_word_is_kept(edge: Edge, site: Site) -> None:
    get(edge, "/v1/gifts", X_API_Key="right")
    asked = site.times_authorized()

    for _ in range(3):
        get(edge, "/v1/gifts", X_API_Key="right")

    assert site.times_authorized() == asked


def test_static_file_comes_from_its_bucket(cloud: Cloud, edge: Edge, site: Site) -> None:
    cloud.client("s3").put_object(
        Bucket=site.outputs["Static"],
        Key="static/site.css",
        Body=b"p {}",
        ContentType="text/css",
        CacheControl="immutable",
    )

    found, missing, posted = get(edge, "/static/site.css"), get(edge, "/static/no.css"), get(edge, "/static/", "POST")

    assert (found.status, found.data, found.headers["Cache-Control"]) == (200, b"p {}", "immutable")
    assert (missing.status, posted.status) == (403, 403)


def test_film_is_shown_to_whoever_has_a_signed_url(edge: Edge, site: Site) -> None:
    url = signed(edge, FILM, site.key, site.key_id)

    film, part = get(edge, url), get(edge, url, Range="bytes=2-4")

    assert (film.status, film.data) == (200, b"0123456789")
    assert (part.status, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")


def test_film_is_shown_to_nobody_else(edge: Edge, site: Site) -> None:
    url = signed(edge, FILM, site.key, site.key_id)
    stranger, _ = site.make_key()
    others = {
        "unsigned": FILM,
        "other film": url.replace("film.mp4", "other.mp4"),
        "prolonged": url.replace("Expires=1", "Expires=2"),
        "expired": signed(edge, FILM, site.key, site.key_id, lives=timedelta(seconds=-1)),
        "stranger's key": signed(edge, FILM, stranger, site.key_id),
        "unknown key": signed(edge, FILM, site.key, "KUNKNOWN"),
        "rubbish": f"{FILM}?Expires=x&Signature=%00&Key-Pair-Id={site.key_id}",
    }

    assert {name: get(edge, path).status for name, path in others.items()} == dict.fromkeys(others, 403)


def test_custom_policy_counts_too(edge: Edge, site: Site) -> None:
    signer = CloudFrontSigner(site.key_id, lambda policy: site.key.sign(policy, PKCS1v15(), SHA1()))  # noqa: S303

    def url(resource: str, since: timedelta) -> str:
        now = datetime.now(UTC)
        policy = signer.build_policy(resource, now + timedelta(minutes=1), date_greater_than=now + since)
        return signer.generate_presigned_url(f"{edge.url}{FILM}", policy=policy).removeprefix(edge.url)

    urls = [
        url(f"{edge.url}/media/*", timedelta(minutes=-1)),
        url(f"{edge.url}/media/*", timedelta(seconds=50)),
        url(f"{edge.url}/static/*", timedelta(minutes=-1)),
    ]

    assert [get(edge, asked).status for asked in urls] == [200, 403, 403]


def test_edge_that_speaks_https_says_so(cloud: Cloud, site: Site, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "edge.pem")
    cloud.client("s3").put_object(Bucket=site.outputs["Media"], Key="renders/film.mp4", Body=b"0123456789")
    tls = server_context(certificate)
    with Edge(cloud.url, site.alias, tls=tls) as edge, urllib3.PoolManager(ca_certs=str(certificate)) as pool:
        got = json.loads(pool.request("GET", f"{edge.url}/").data)
        film = pool.request("GET", edge.url + signed(edge, FILM, site.key, site.key_id))

    assert (got["headers"]["x-forwarded-proto"], film.status) == ("https", 200)


def test_new_deploy_is_served_without_a_restart(cloud: Cloud) -> None:
    site = Site(cloud)
    with Edge(cloud.url, site.alias) as edge:
        cloud.client("s3").put_object(Bucket=site.outputs["Media"], Key="renders/film.mp4", Body=b"film")
        new_key, new_id = site.make_key()
        before = get(edge, signed(edge, FILM, new_key, new_id)).status

        assert site.deploy("second", f"{site.key_id},{new_id}").status == "UPDATE_COMPLETE"

        eventually(lambda: said(edge, "/")["headers"]["x-origin-secret"] == "second", WITHIN_S)
        keys = ((site.key, site.key_id), (new_key, new_id))
        assert [before, *(get(edge, signed(edge, FILM, *key)).status for key in keys)] == [403, 200, 200]


def test_nothing_is_served_where_nothing_is_deployed_or_the_api_may_not_call(cloud: Cloud) -> None:
    site = Site(cloud)
    with Edge(cloud.url, "nowhere.example") as nowhere, Edge(cloud.url, site.alias) as edge:
        statuses = [get(nowhere, "/").status, get(edge, "/").status]
        site.let_nobody_call()

        assert statuses == [503, 200]
        eventually(lambda: get(edge, "/").status == 503, WITHIN_S)


@pytest.mark.parametrize(
    ("method", "path", "key", "rest"),
    [
        ("GET", "/v1/openapi.json", "GET /v1/openapi.json", None),
        ("POST", "/v1/openapi.json", "ANY /v1/{proxy+}", "openapi.json"),
        ("OPTIONS", "/v1/gifts/1", "OPTIONS /v1/{proxy+}", "gifts/1"),
        ("GET", "/v1/", "$default", None),
        ("GET", "//v1/gifts", "$default", None),
    ],
)
def test_route_is_the_narrowest(method: str, path: str, key: str, rest: str | None) -> None:
    keys = ("$default", "ANY /v1/{proxy+}", "OPTIONS /v1/{proxy+}", "GET /v1/openapi.json")

    route = match({key: key.startswith("ANY") for key in keys}, method, path)

    assert route is not None
    assert (route.key, route.proxy, route.needs_authorizer) == (key, rest, key.startswith("ANY"))

"""No webhook reaches what is not public: whatever the spelling, the name, or the second answer of a resolver."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from ipaddress import ip_address

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts import services as gifts
from api.outbox.registry import Postpone
from api.webhooks import services, tasks
from api.webhooks.addresses import Address, RefusedAddressError, check_url, is_public, read_url
from api.webhooks.models import WebhookAttempt, WebhookEndpoint
from api.webhooks.sending import post
from tests import build
from tests.webhooks.receivers import Receiver, receiving, says

pytestmark = pytest.mark.usefixtures("public_only")

ENDPOINTS = "/v1/webhook-endpoints"

# With PORT for a canary's: whoever connects for one of these, connects to the canary or to what is behind our walls.
HOSTS = [
    "127.0.0.1:PORT",
    "127.0.0.2:PORT",
    "127.255.255.254:PORT",
    "127.1:PORT",
    "127.0.1:PORT",
    "127.0.0.1.:PORT",
    "2130706433:PORT",
    "017700000001:PORT",
    "0x7f000001:PORT",
    "0X7F000001:PORT",
    "0x7f.1:PORT",
    "0x7f.0x0.0x0.0x1:PORT",
    "0177.0.0.1:PORT",
    "0177.0.0.01:PORT",
    "127.0.0.01:PORT",
    "0127.0.0.1:PORT",
    "4294967297:PORT",
    "127.0.0.257:PORT",
    "0:PORT",
    "0.0.0.0:PORT",
    "0x0:PORT",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11:PORT",
    "\u2460\u2461\u2466.0.0.1:PORT",
    "127\u30020\u30020\u30021:PORT",
    "127%2e0%2e0%2e1:PORT",
    "localhost:PORT",
    "LOCALHOST:PORT",
    "localhost.:PORT",
    "LocalHost.:PORT",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:PORT",
    "loc\u00adalhost:PORT",
    "app.localhost:PORT",
    "localhost.localdomain:PORT",
    "ip6-localhost:PORT",
    "[::1]:PORT",
    "[0:0:0:0:0:0:0:1]:PORT",
    "[0000:0000:0000:0000:0000:0000:0000:0001]:PORT",
    "[::]:PORT",
    "[::127.0.0.1]:PORT",
    "[::ffff:127.0.0.1]:PORT",
    "[::ffff:7f00:1]:PORT",
    "[0:0:0:0:0:ffff:127.0.0.1]:PORT",
    "[::ffff:0:127.0.0.1]:PORT",
    "[64:ff9b::127.0.0.1]:PORT",
    "[64:ff9b:1::7f00:1]:PORT",
    "[2002:7f00:1::]:PORT",
    "[2001:0:7f00:1::]:PORT",
    "[fe80::1%25lo]:PORT",
    "[::1%25lo]:PORT",
    "[::1%lo]:PORT",
    "[fec0::1]:PORT",
    "[fc00::1]:PORT",
    "[fd00:ec2::254]:PORT",
    "[ff02::1]:PORT",
    "[v1.1]:PORT",
    "user@127.0.0.1:PORT",
    "shop.example:443@127.0.0.1:PORT",
    "127.0.0.1:PORT#@shop.example",
    "127.0.0.1:PORT\\@shop.example",
    "shop.example\\@127.0.0.1:PORT",
    "127.0.0.1:PORT\t",
    "127.0.0.1\r\nHost: shop.example:PORT",
    " 127.0.0.1:PORT",
    "127.0.0.1:0PORT",
    "127.0.0.1:0",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xA9FEA9FE",
    "[::ffff:169.254.169.254]",
    "metadata",
    "metadata.google.internal",
    "instance-data.ec2.internal",
    "100.64.0.1",
    "100.100.100.200",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[2001:db8::1]",
    "[3fff::1]",
]
URLS = [f"{scheme}://{host}/hook" for host in HOSTS for scheme in ("https", "http")] + [
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_x",
    "ftp://127.0.0.1:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "/hook",
    "127.0.0.1:PORT",
    "https:127.0.0.1:PORT",
    "https:/127.0.0.1:PORT",
    "https:///127.0.0.1:PORT",
    "https://",
    "https://[::1",
    "https://a..b/",
    "https://-a.example/",
    "https://shop.example/a b",
    "https://shop.example/a\u00e4",
    "http://shop.example/hook",
    "http://8.8.8.8/hook",
    "javascript:alert(1)",
    "",
]


@pytest.fixture
def now() -> datetime:
    """What is asked for looks at the clock itself."""
    return timezone.now()


@pytest.fixture
def canaries() -> Iterator[list[Receiver]]:
    """Listen on both loopbacks, on one port wherever that is possible; nobody may come."""
    with ExitStack() as stack:
        canaries = [stack.enter_context(receiving(says(200), host=host)) for host in ("127.0.0.1", "::1")]
        yield canaries
        assert [canary.connections for canary in canaries] == [0, 0]


def aimed_at(canaries: list[Receiver]) -> list[str]:
    return [url.replace("PORT", str(canary.port)) for url in URLS for canary in canaries]


def test_there_are_enough_of_them() -> None:
    assert len(URLS) == len(set(URLS)) >= 60


def test_none_can_be_registered(api: APIClient, canaries: list[Receiver]) -> None:
    for url in aimed_at(canaries):
        answer = api.post(ENDPOINTS, {"url": url, "types": ["gift.sent"]})
        assert answer.status_code == 400, url
        assert [error["field"] for error in answer.json()["errors"]] == ["url"], url
    assert WebhookEndpoint.objects.count() == 0


def test_none_can_be_patched_in(api: APIClient, account: Account, now: datetime, canaries: list[Receiver]) -> None:
    endpoint = services.create_endpoint(
        account.pk, livemode=True, url="https://hooks.shop.example/", types=["gift.sent"], now=now
    )

    for url in aimed_at(canaries):
        answer = api.patch(f"{ENDPOINTS}/{endpoint.pk}", {"url": url})
        assert answer.status_code == 400, url
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.version) == ("https://hooks.shop.example/", 1)


def test_none_that_got_into_the_table_is_connected_to(
    account: Account, now: datetime, canaries: list[Receiver]
) -> None:
    endpoint = services.create_endpoint(
        account.pk, livemode=True, url="https://hooks.shop.example/", types=["gift.sent"], now=now
    )

    for url in aimed_at(canaries):
        WebhookEndpoint.objects.update(url=url)
        delivery = services.send_test(endpoint, now=now)
        with pytest.raises(Postpone):
            tasks.deliver(delivery.pk, now=now)
        error = WebhookAttempt.objects.get(delivery=delivery).error
        assert error == "address_refused" or (url.startswith("http") and error == "name_not_found"), (url, error)


def test_a_products_url_and_picture_are_never_fetched_by_us(
    account: Account, now: datetime, canaries: list[Receiver], client: APIClient
) -> None:
    for canary in canaries:
        urls = {"url": f"http://localhost:{canary.port}/", "image_url": f"http://localhost:{canary.port}/a.jpg"}
        gift = build.sent(account, now, product={"name": "Espresso set", **urls})
        build.bounce(gift, now)
        assert client.get(f"/g/{gift.token}").status_code == 200
        assert client.get(f"/public/gifts/{gift.token}").status_code == 200
        gifts.cancel_gift(gift.pk, actor="tests", now=now)


class Rebinding:
    """A resolver that says something else each time it is asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[Address]:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [ip_address(answer)]


@pytest.mark.parametrize("second", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_a_name_that_turns_private_after_its_registration_is_refused(second: str, canaries: list[Receiver]) -> None:
    for canary in canaries:
        resolve = Rebinding("93.184.215.14", second)
        url = f"https://rebind.example:{canary.port}/"

        check_url(url, resolve=resolve)
        outcome = post(url, headers={}, body=b"{}", resolve=resolve)

        assert (outcome.error, resolve.asked) == ("address_refused", 2)


def test_a_name_is_resolved_once_a_call_and_connected_to_as_judged(loopback_too: None) -> None:
    """Were it resolved again to connect, this one would be found elsewhere."""
    resolve = Rebinding("127.0.0.1", "127.0.0.9")
    with receiving(says(200)) as receiver:
        outcome = post(receiver.url(host="rebind.example"), headers={}, body=b"{}", resolve=resolve)

    assert (outcome.code, resolve.asked, receiver.connections) == (200, 1, 1)


def test_a_name_with_one_private_address_among_public_ones_is_refused(canaries: list[Receiver]) -> None:
    def mixed(host: str, port: int) -> Sequence[Address]:
        return [ip_address("93.184.215.14"), ip_address("127.0.0.1")]

    with pytest.raises(RefusedAddressError):
        check_url("https://mixed.example/", resolve=mixed)


def test_a_name_with_no_address_at_all_waits_for_its_first_call() -> None:
    check_url("https://new.example/", resolve=lambda _host, _port: [])

    assert post("https://new.example/", headers={}, body=b"", resolve=lambda _host, _port: []).error != ""


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.shop.example/a?b=c&d=%20",
        "https://hooks.shop.example:8443",
        "https://xn--bcher-kva.example/",
        "https://a_b.shop.example/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:444/",
        "HTTPS://HOOKS.Shop.Example/",
        "https://1.shop.example/~a/(b)/*'!;,$+@",
    ],
)
def test_what_is_public_can_be_registered(url: str) -> None:
    check_url(url, resolve=lambda _host, _port: [ip_address("93.184.215.14")])


def test_a_network_that_the_site_allows_may_be_reached_also_without_tls(loopback_too: None) -> None:
    for url in ["http://127.0.0.1:9000/", "http://localhost:9000/", "https://localhost/", "http://[::1]:9000/"]:
        check_url(url)
    for url in [
        "http://127.1/",
        "http://10.0.0.1/",
        "http://8.8.8.8/",
        "http://[::ffff:127.0.0.1]/",
        "http://a.invalid/",
    ]:
        with pytest.raises(RefusedAddressError):
            check_url(url)


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("8.8.8.8", True),
        ("1.0.0.0", True),
        ("9.255.255.255", True),
        ("10.0.0.0", False),
        ("100.63.255.255", True),
        ("100.64.0.0", False),
        ("100.127.255.255", False),
        ("100.128.0.0", True),
        ("126.255.255.255", True),
        ("128.0.0.0", True),
        ("169.253.255.255", True),
        ("169.254.0.0", False),
        ("172.15.255.255", True),
        ("172.32.0.0", True),
        ("192.88.99.1", False),
        ("223.255.255.255", True),
        ("224.0.0.0", False),
        ("2000::", True),
        ("2001:200::", True),
        ("2001:1ff::", False),
        ("2a00:1450:4001::", True),
        ("4000::", False),
        ("1fff::", False),
        ("64:ff9b::8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("::8.8.8.8", False),
        ("fd00:ec2::254", False),
    ],
)
def test_the_edges_of_what_is_public(address: str, verdict: bool) -> None:
    assert is_public(ip_address(address)) is verdict


def test_a_name_of_any_length_is_judged_and_never_a_crash() -> None:
    for host in ["a" * 64 + ".example", ".".join(["a" * 60] * 5), "xn--" + "a" * 200, "a." * 700 + "example"]:
        with pytest.raises(RefusedAddressError):
            read_url(f"https://{host}/")


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(host: str, port: int) -> Sequence[Address]:
        raise TimeoutError

    assert post("https://slow.example/", headers={}, body=b"", resolve=slow).error == "timeout"

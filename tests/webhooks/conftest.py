"""A shop with an endpoint, and the server behind it."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from accounts.models import Account
from api.templates.models import Template
from api.webhooks import sending, services
from api.webhooks.models import WebhookEndpoint
from api.webhooks.states import WebhookType
from tests.webhooks.receivers import Receiver, receiving, says

MakeEndpoint = Callable[..., WebhookEndpoint]
SHOP_HOST = "hooks.shop.example"


@pytest.fixture(autouse=True)
def _plain_template(request: pytest.FixtureRequest) -> Template | None:
    return request.getfixturevalue("template") if "account" in request.fixturenames else None


@pytest.fixture(autouse=True)
def no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine knows its own names and addresses, and any other is unknown at once: no packet to lose."""
    ask = socket.getaddrinfo
    own = set(Path("/etc/hosts").read_text().split())

    def look_up(host: Any, *arguments: Any, **named: Any) -> Any:
        if str(host).lower().rstrip(".") not in own:
            named["flags"] = named.get("flags", 0) | socket.AI_NUMERICHOST
        return ask(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Answers 200, over plain HTTP."""
    with receiving(says(200, b"thanks")) as receiver:
        yield receiver


@pytest.fixture
def make_endpoint(account: Account, receiver: Receiver, now: datetime) -> MakeEndpoint:
    """The account's, unless told otherwise; each wants everything."""

    def make(
        of: Account = account, *, livemode: bool = True, url: str = "", types: tuple[str, ...] = ()
    ) -> WebhookEndpoint:
        return services.create_endpoint(
            of.pk,
            livemode=livemode,
            url=url or receiver.url(),
            types=types or WebhookType.values,
            now=now,
        )

    return make


@pytest.fixture
def endpoint(make_endpoint: MakeEndpoint) -> WebhookEndpoint:
    return make_endpoint()


@pytest.fixture
def public_only(settings: Settings) -> None:
    """As in production: this machine's own addresses are refused."""
    settings.WEBHOOK_ALLOWED_NETWORKS = []


@pytest.fixture
def loopback_too(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> "Authority":
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted_authority(authority: "Authority", monkeypatch: pytest.MonkeyPatch) -> Iterator["Authority"]:
    """Among the system's authorities, as OpenSSL is told of them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    sending._tls.cache_clear()
    yield authority
    sending._tls.cache_clear()


class Authority:
    """Signs certificates of servers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Authority")])
        public = self._key.public_key()
        builder = self._builder(self._name, public).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        key_id = x509.SubjectKeyIdentifier.from_public_key(public)
        certificate = builder.add_extension(key_id, critical=False).sign(self._key, hashes.SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str, starts_in: timedelta = -timedelta(days=1)) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Server")])
        alternatives = x509.SubjectAlternativeName([self._alternative(name) for name in names])
        key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = self._builder(subject, key.public_key(), starts_in=starts_in)
        builder = builder.add_extension(alternatives, critical=False).add_extension(key_id, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        file = self._folder / f"{certificate.serial_number}.pem"
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()) + certificate.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, starts_in: timedelta = -timedelta(days=1)
    ) -> x509.CertificateBuilder:
        start = datetime.now(tz=UTC) + starts_in
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        return (
            builder.serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=10))
        )

    @staticmethod
    def _alternative(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ip_address(name))
        except ValueError:
            return x509.DNSName(name)


def to_loopback(host: str, port: int) -> list[IPv4Address]:
    """A resolver."""
    return [IPv4Address("127.0.0.1")]

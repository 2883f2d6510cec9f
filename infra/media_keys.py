"""The key pairs that sign films' addresses: private in the secret `app`, public at CloudFront, trusted by `edge`."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

BITS = 2048  # the only size that CloudFront takes
TRUSTED = "media-public-keys"


@dataclass(frozen=True)
class SigningKey:
    id: str
    private_pem: str


class MediaKeys:
    """Public keys are named after the stage; one that neither the secret nor the trusted list knows is litter."""

    def __init__(self, aws: Aws, secret: AppSecret) -> None:
        self._aws = aws
        self._secret = secret
        self._prefix = f"{aws.stage.function}-media-"

    def ensure(self) -> bool:
        """Have a pair, and have it trusted; whether one had to be made. Goes on after any kill in between."""
        values = self._secret.current()
        if is_new := not (values.get("MEDIA_KEY_ID") and values.get("MEDIA_PRIVATE_KEY")):
            self.sign_with(self.create())
        current = self.current_id()
        if current not in self.trusted():
            self.trust([current])
        return is_new

    def create(self) -> SigningKey:
        """A new pair, its public half at CloudFront."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        name = self._prefix + secrets.token_hex(4)
        created = self._aws.cloudfront.create_public_key(
            PublicKeyConfig={"CallerReference": name, "Name": name, "EncodedKey": public.decode()}
        )
        return SigningKey(created["PublicKey"]["Id"], private.decode())

    def sign_with(self, key: SigningKey) -> None:
        """From now on, or five minutes from now, the site signs with this key; it must be trusted already."""
        self._secret.write({**self._secret.current(), "MEDIA_KEY_ID": key.id, "MEDIA_PRIVATE_KEY": key.private_pem})

    def current_id(self) -> str:
        return self._secret.current()["MEDIA_KEY_ID"]

    def trusted(self) -> list[str]:
        """What the edge stack's key group is made of, newest first."""
        try:
            value = self._aws.ssm.get_parameter(Name=self._aws.stage.parameter(TRUSTED))["Parameter"]["Value"]
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return []
            raise
        return [part for part in value.split(",") if part]

    def trust(self, ids: Iterable[str]) -> None:
        """Counts once the edge stack has been updated."""
        name, value = self._aws.stage.parameter(TRUSTED), ",".join(ids)
        self._aws.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def sweep(self, *, keep: Iterable[str] = ()) -> int:
        """Remove the stage's public keys besides `keep` from CloudFront; their number. None may be in a key group."""
        kept = frozenset(keep)
        litter = [id_ for id_ in _ids(self._aws.cloudfront, self._prefix) if id_ not in kept]
        for id_ in litter:
            tag = self._aws.cloudfront.get_public_key(Id=id_)["ETag"]
            self._aws.cloudfront.delete_public_key(Id=id_, IfMatch=tag)
        return len(litter)


def _ids(cloudfront: "CloudFrontClient", prefix: str) -> list[str]:
    ids: list[str] = []
    page = cloudfront.list_public_keys()["PublicKeyList"]
    while True:
        ids += [key["Id"] for key in page.get("Items", []) if key["Name"].startswith(prefix)]
        if not page.get("NextMarker"):
            return ids
        page = cloudfront.list_public_keys(Marker=page["NextMarker"])["PublicKeyList"]

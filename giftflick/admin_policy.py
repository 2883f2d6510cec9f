"""What the admin tells the browser: load nothing from another host, and keep nothing."""

from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseBase

from giftflick import env

ADMIN_PATHS = ("/admin/",)


def add_policy(response: HttpResponseBase) -> None:
    """A policy for pages in Unfold's frame; one that has a policy already, such as an error's own page, keeps it.

    Alpine, which opens Unfold's menus, evaluates what stands in its attributes, and Unfold sets its colours in a
    style of the page: hence the two exceptions. Scripts in a page, and files of other hosts, run nowhere.
    """
    response.headers.setdefault("Content-Security-Policy", _policy())
    response.headers.setdefault("Cache-Control", "no-store")


@cache
def _policy() -> str:
    media = " ".join(_media_origins())
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: {media}",
            f"media-src 'self' {media}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def _media_origins() -> list[str]:
    """Where films and pictures come from: CloudFront, and the bucket by each of the names that boto3 signs it under."""
    shown = [settings.SIGNED_MEDIA_URL] if settings.SIGNED_MEDIA_URL else []
    endpoint = env.text("AWS_ENDPOINT_URL", "")
    bucket = settings.MEDIA_BUCKET
    stored = [f"https://{bucket}.s3.{settings.AWS_REGION}.amazonaws.com", f"https://{bucket}.s3.amazonaws.com"]
    return [_origin(url) for url in [*shown, *([endpoint] if endpoint else stored)]]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

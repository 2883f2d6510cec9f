"""What our pages tell the browser: load nothing foreign, and keep to yourself an address that carries a token."""

from collections.abc import Iterable

from django.http import HttpResponseBase


def allow_content(
    response: HttpResponseBase, *, images: Iterable[str] = (), media: Iterable[str] = (), has_form: bool = False
) -> None:
    """Set the content security policy: our own files, and pictures and films from these origins too."""
    response["Content-Security-Policy"] = "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            " ".join(["img-src 'self'", *images]),
            " ".join(["media-src 'self'", *media]),
            "base-uri 'none'",
            "form-action 'self'" if has_form else "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def keep_private(response: HttpResponseBase) -> None:
    """The token opens the gift: no cache, search engine or linked shop may come by it."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"

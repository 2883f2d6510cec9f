"""The rendering services that Giftflick can use, one file each."""

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from api.rendering.backends.base import RenderBackend


@cache
def get_backend() -> RenderBackend:
    """The one that `settings.RENDER_BACKEND` names, made once per process."""
    return cast("RenderBackend", import_string(settings.RENDER_BACKEND)())

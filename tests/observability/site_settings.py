"""The product's settings, with the routes of `tests.observability.site`."""

from giftflick.settings import *  # noqa: F403 - all of them, that is the point

ROOT_URLCONF = "tests.observability.site"

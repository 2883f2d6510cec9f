"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from giftflick import sentry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "giftflick.settings")

application = get_wsgi_application()
sentry.start()

"""`python -m local.site --port P`: serves the site on loopback with its static files; says `listening PORT`."""

import argparse

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

from local.wsgi import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.site", description="The site, as the environment says.")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    port = parser.parse_args().port
    # X-Forwarded-… headers go through as any client may send them: nothing behind this server may trust them.
    serve(StaticFilesHandler(get_wsgi_application()), port=port, threads=8, clear_untrusted_proxy_headers=False)


if __name__ == "__main__":
    main()

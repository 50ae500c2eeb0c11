"""What the app server (Granian) loads."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oauth_server.settings.production")


def below(path: str, app: WSGIApplication) -> WSGIApplication:
    """Serve ``app`` below the path of an issuer such as ``https://example.org/tenant`` (RFC 8414 §3.1).

    Every address gets the prefix, whether a proxy in front strips it or not; ``/.well-known/…/tenant`` stays at the root.

    Args:
        path: of the issuer; empty for none.
        app: what answers.
    """
    if not path:
        return app

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked: str = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = path
        if asked == path or asked.startswith(f"{path}/"):
            environ["PATH_INFO"] = asked[len(path) :] or "/"
        return app(environ, start_response)

    return serve


def _load() -> WSGIApplication:
    app = get_wsgi_application()
    # Settings and models exist from here on.
    from django.conf import settings  # noqa: PLC0415
    from django.urls import get_resolver  # noqa: PLC0415

    from oauth_server.audit import record  # noqa: PLC0415
    from oauth_server.short_way import shortened  # noqa: PLC0415

    record.start()
    # The address table imports every page; now, since nobody waits yet.
    get_resolver().url_patterns  # noqa: B018  # read for its effect
    return below(urlsplit(settings.ISSUER).path, shortened(app))


def settle() -> None:
    """Tell the collector that what is there now stays: a look at it all stops every request for 100 milliseconds."""
    gc.collect()
    gc.freeze()


application = _load()
settle()

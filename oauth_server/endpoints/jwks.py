"""Our public keys (RFC 7517 §5), cacheable by anybody."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.caching import cacheable
from oauth_server.keys import store


@protocol_endpoint("jwks", "GET", "HEAD", cors=True, cacheable=True)
def jwks(request: HttpRequest, now: datetime) -> HttpResponse:  # noqa: ARG001  # the shell calls every handler alike
    """The key set, with a strong ETag."""
    published = store.public_jwks()
    return cacheable(request, published.body, published.etag, "application/json", settings.LIFETIMES.jwks_max_age)

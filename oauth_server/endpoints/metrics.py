"""Numbers for Prometheus, behind a bearer token."""

from __future__ import annotations

import hmac
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.userinfo import bearer_token
from oauth_server.outbox.watch import measure
from oauth_server.protocol.errors import InvalidToken


@protocol_endpoint("metrics", "GET")
def metrics(request: HttpRequest, now: datetime) -> HttpResponse:
    """The text format; the token stands in METRICS_TOKEN_FILE.

    Raises:
        InvalidToken: the token is missing or wrong, or the operator made none.
    """
    try:
        wanted = settings.METRICS_TOKEN_FILE.read_text("utf-8").strip()
    except OSError:
        wanted = ""
    if not wanted or not hmac.compare_digest(bearer_token(request).encode(), wanted.encode()):
        raise InvalidToken
    measure(now)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)

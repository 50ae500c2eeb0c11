"""Numbers for Prometheus, behind a bearer token."""

from __future__ import annotations

import hmac
import os
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.userinfo import bearer_token
from oauth_server.outbox.watch import Standing
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
    moment = CollectorRegistry(auto_describe=False)
    # Several web processes count in files, which are added up here; one alone counts in memory.
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(moment)  # type: ignore[no-untyped-call]  # it registers itself
    else:
        moment.register(REGISTRY)
    moment.register(Standing(now))
    return HttpResponse(generate_latest(moment), content_type=CONTENT_TYPE_LATEST)

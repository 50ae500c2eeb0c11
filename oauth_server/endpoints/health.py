"""Is the process alive, and can it serve? For load balancers and supervisors."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse

from oauth_server.endpoints.base import json_response, protocol_endpoint
from oauth_server.keys import store
from oauth_server.models import freshness
from oauth_server.protocol.errors import TemporarilyUnavailable


@protocol_endpoint("live", "GET", "HEAD")
def live(request: HttpRequest, now: datetime) -> HttpResponse:  # noqa: ARG001  # what every handler is given
    """The process answers."""
    return json_response({"status": "ok"})


@protocol_endpoint("ready", "GET", "HEAD")
def ready(request: HttpRequest, now: datetime) -> HttpResponse:  # noqa: ARG001  # what every handler is given
    """The database answers and there are keys to sign with; 503 otherwise."""
    freshness.look()
    if not store.signing_algorithms():
        raise TemporarilyUnavailable("There is no signing key.")
    return json_response({"status": "ok"})

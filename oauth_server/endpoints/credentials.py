"""What a client sent to prove who it is, gathered from the HTTP request for ``clients.authenticate``."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from oauth_server.clients.authenticate import Credentials
from oauth_server.protocol.parameters import Parameters


def credentials_of(request: HttpRequest, parameters: Parameters, endpoint: str) -> Credentials:
    """The Authorization header, the form, the certificate that a trusted proxy vouches for.

    Args:
        request: the HTTP request.
        parameters: its form.
        endpoint: the last part of the endpoint's address, for the audience of client assertions.
    """
    return Credentials(
        authorization=request.META.get("HTTP_AUTHORIZATION"),
        parameters=parameters,
        endpoint=f"{settings.ISSUER}/oauth/{endpoint}",
        certificate=getattr(request, "client_certificate", None),
    )

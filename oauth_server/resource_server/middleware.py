"""``request.token`` for every view: for projects where some views only look who is there."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from oauth_server.protocol.errors import OAuthError
from oauth_server.resource_server import bearer, configured
from oauth_server.resource_server.token import BearerToken


class BearerTokenMiddleware:
    """Sets ``request.token`` to the ``BearerToken`` of the Authorization header, or None. Cookies are never looked at.

    It refuses nothing, since other views may expect another kind of bearer: a token that is not good leaves
    ``request.token`` None and the reason in ``request.token_error``. ``@protected`` refuses.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look, then let the view decide."""
        token: BearerToken | None = None
        refused: OAuthError | None = None
        try:
            value = bearer.read(request.META.get("HTTP_AUTHORIZATION", ""))
            if value is not None:
                token = configured.verifier().verify(value, timezone.now())
        except OAuthError as error:
            refused = error
        request.token = token  # type: ignore[attr-defined]  # for the views
        request.token_error = refused  # type: ignore[attr-defined]  # for the views
        response = self.get_response(request)
        patch_vary_headers(response, ("Authorization",))
        return response

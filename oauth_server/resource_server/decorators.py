"""``@protected``: a Django view that only an access token opens."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from oauth_server.protocol.errors import OAuthError
from oauth_server.resource_server import bearer, configured
from oauth_server.resource_server.authentication import Authentication
from oauth_server.resource_server.token import Verifier

View = Callable[..., HttpResponseBase]


def refusal(error: OAuthError, realm: str = bearer.REALM) -> JsonResponse:
    """A refusal as JSON with its challenge (RFC 6750 §3)."""
    return JsonResponse(error.members(), status=error.status, headers=bearer.headers(error, realm))


def protected(
    scopes: Collection[str] = (),
    *,
    acr_values: Collection[str] = (),
    max_age: int | None = None,
    verifier: Verifier | None = None,
    realm: str = bearer.REALM,
) -> Callable[[View], View]:
    """Let a view run only for a token that was granted all of ``scopes``; the view finds it as ``request.token``.

    Cookies are never looked at, so the view is exempt from the CSRF check: there is nothing that a browser sends by itself.

    Args:
        scopes: all of them are needed.
        acr_values: the levels of sign-in of which one is needed (RFC 9470).
        max_age: how many seconds ago the person may have signed in at most (RFC 9470).
        verifier: another than the one of the settings.
        realm: a name for the protected space (RFC 9110 §11.5).
    """
    wanted = Authentication(tuple(acr_values), max_age)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                token = bearer.require(request.META.get("HTTP_AUTHORIZATION", ""))
                judge = verifier or configured.verifier()
                now = timezone.now()
                request.token = judge.verify(token, now, scopes)  # type: ignore[attr-defined]  # for the view
                wanted.judge(request.token, now)  # type: ignore[attr-defined]  # as above
            except OAuthError as error:
                response: HttpResponseBase = refusal(error, realm)
            else:
                response = view(request, *args, **kwargs)
            patch_vary_headers(response, ("Authorization",))
            return response

        guarded.csrf_exempt = True  # type: ignore[attr-defined]  # how Django marks it
        return guarded

    return decorate

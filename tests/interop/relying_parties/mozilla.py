"""mozilla-django-oidc as its installation page has it: log in, silent renewal in its middleware, an API behind its DRF class.

With ``"pkce": true`` it sends PKCE (OIDC_USE_PKCE); that it does not is its default.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse
from django_site import GIVEN, configure, serve, who


def sign_out(request: HttpRequest) -> str:
    """OIDC_OP_LOGOUT_URL_METHOD: where the person goes on to end the sign-in there."""
    query = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": GIVEN["post_logout_redirect_uris"][0],
    }
    return f"{GIVEN['metadata']['end_session_endpoint']}?{urlencode(query)}"


configure(
    apps=("mozilla_django_oidc", "rest_framework"),
    middleware=("mozilla_django_oidc.middleware.SessionRefresh",),
    AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    OIDC_RP_CLIENT_ID=GIVEN["client_id"],
    OIDC_RP_CLIENT_SECRET=GIVEN["client_secret"],
    OIDC_RP_SIGN_ALGO=GIVEN.get("id_token_signed_response_alg", "RS256"),
    OIDC_RP_SCOPES="openid email profile",
    OIDC_OP_AUTHORIZATION_ENDPOINT=GIVEN["metadata"]["authorization_endpoint"],
    OIDC_OP_TOKEN_ENDPOINT=GIVEN["metadata"]["token_endpoint"],
    OIDC_OP_USER_ENDPOINT=GIVEN["metadata"]["userinfo_endpoint"],
    OIDC_OP_JWKS_ENDPOINT=GIVEN["metadata"]["jwks_uri"],
    OIDC_USE_PKCE=GIVEN.get("pkce", False),
    OIDC_TOKEN_USE_BASIC_AUTH=GIVEN["token_endpoint_auth_method"] == "client_secret_basic",
    OIDC_STORE_ID_TOKEN=True,
    OIDC_OP_LOGOUT_URL_METHOD="__main__.sign_out",
    ALLOW_LOGOUT_GET_METHOD=True,
    OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS=GIVEN.get("renew_after", 900),
    OIDC_EXEMPT_URLS=["/", "/api"],
)

from django.urls import include, path  # noqa: E402  # settings first
from mozilla_django_oidc.contrib.drf import OIDCAuthentication  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Api(APIView):
    """Whoever the access token speaks for; the class asks our userinfo endpoint."""

    authentication_classes = (OIDCAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        return Response({"email": request.user.email})  # type: ignore[union-attr]


def private(request: HttpRequest) -> JsonResponse:
    """A page that the middleware guards; it says until when."""
    return who(request, until=request.session.get("oidc_id_token_expiration"))


urlpatterns = [
    path("", who),
    path("private", private),
    path("api", Api.as_view()),
    path("oidc/", include("mozilla_django_oidc.urls")),
]

if __name__ == "__main__":
    serve()

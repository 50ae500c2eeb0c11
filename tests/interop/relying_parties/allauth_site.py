"""django-allauth as a relying party: its openid_connect provider, configured in SOCIALACCOUNT_PROVIDERS as its page has it.

``settings`` of the application go in as given: oauth_pkce_enabled, token_auth_method, fetch_userinfo.
"""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django_site import GIVEN, configure, serve, who

configure(
    apps=(
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
    ),
    middleware=("allauth.account.middleware.AccountMiddleware",),
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_STORE_TOKENS=True,
    SOCIALACCOUNT_PROVIDERS={
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "gatehouse",
                    "name": "Gatehouse",
                    "client_id": GIVEN["client_id"],
                    "secret": GIVEN.get("client_secret", ""),
                    "settings": {"server_url": GIVEN["issuer"], **GIVEN.get("settings", {})},
                }
            ]
        }
    },
)

from allauth.socialaccount.models import SocialAccount  # noqa: E402  # settings first
from django.urls import include, path  # noqa: E402


def home(request: HttpRequest) -> JsonResponse:
    """Who is signed in, and what allauth keeps of it."""
    account = SocialAccount.objects.filter(user_id=request.user.pk).first()
    return who(request, extra=account.extra_data if account else None, uid=account.uid if account else None)


urlpatterns = [path("", home), path("accounts/", include("allauth.urls"))]

if __name__ == "__main__":
    serve()

"""python-social-auth in Django: its generic OpenID Connect backend, with its own default pipeline.

``settings`` go in as SOCIAL_AUTH_OIDC_…: USE_PKCE, TOKEN_ENDPOINT_AUTH_METHOD, REVOKE_TOKENS_ON_DISCONNECT.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django_site import GIVEN, configure, serve, who

configure(
    apps=("social_django",),
    AUTHENTICATION_BACKENDS=[
        "social_core.backends.open_id_connect.OpenIdConnectAuth",
        "django.contrib.auth.backends.ModelBackend",
    ],
    SOCIAL_AUTH_JSONFIELD_ENABLED=True,
    SOCIAL_AUTH_URL_NAMESPACE="social",
    SOCIAL_AUTH_OIDC_OIDC_ENDPOINT=GIVEN["issuer"],
    SOCIAL_AUTH_OIDC_KEY=GIVEN["client_id"],
    SOCIAL_AUTH_OIDC_SECRET=GIVEN["client_secret"],
    SOCIAL_AUTH_OIDC_SCOPE=["offline_access"],
    SOCIAL_AUTH_OIDC_PROMPT="consent",
    **{f"SOCIAL_AUTH_OIDC_{name}": value for name, value in GIVEN.get("settings", {}).items()},
)

from django.template import engines  # noqa: E402  # settings first
from django.urls import include, path  # noqa: E402
from social_django.models import UserSocialAuth  # noqa: E402
from social_django.utils import load_strategy  # noqa: E402

DOOR = engines["django"].from_string(
    "<form method=post action=\"{% url 'social:begin' 'oidc' %}\">{% csrf_token %}<button id=id_begin>Log in</button></form>"
)


def door(request: HttpRequest) -> HttpResponse:
    """A log-in page; the library begins by POST alone."""
    return HttpResponse(DOOR.render(request=request))


def home(request: HttpRequest) -> JsonResponse:
    """Who is signed in, and under which subject."""
    social = UserSocialAuth.objects.filter(user_id=request.user.pk).first()
    return who(request, uid=social.uid if social else None)


def renew(request: HttpRequest) -> JsonResponse:
    """Refresh the tokens as an application does that calls an API later."""
    social = UserSocialAuth.objects.get(user_id=request.user.pk)
    before = social.extra_data["access_token"]
    social.refresh_token(load_strategy(request))
    social.refresh_from_db()
    return JsonResponse({"is_new": social.extra_data["access_token"] != before})


urlpatterns = [
    path("", home),
    path("door", door),
    path("renew", renew),
    path("", include("social_django.urls", namespace="social")),
]

if __name__ == "__main__":
    serve()

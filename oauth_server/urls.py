"""The one table of every address the server answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from oauth_server.endpoints import (
    authorize,
    brand,
    check_session,
    consent,
    discovery,
    end_session,
    health,
    initiate_login,
    introspect,
    jwks,
    logo,
    metrics,
    register,
    revoke,
    select_account,
    token,
    userinfo,
)
from oauth_server.portal.urls import people

# RFC 8414 §3.1: for an issuer with a path the document stands at the root too, with the path behind the well-known part.
_ISSUER_PATH = urlsplit(settings.ISSUER).path.strip("/")

# Feature (or None for what is always there) → addresses. What is off is 404, and discovery does not name it.
MACHINES: tuple[tuple[str | None, URLPattern], ...] = (
    (None, path(".well-known/openid-configuration", discovery.discovery)),
    (None, path(".well-known/oauth-authorization-server", discovery.discovery)),
    (None, path("oauth/token", token.token)),
    (None, path("oauth/jwks", jwks.jwks)),
    ("userinfo", path("oauth/userinfo", userinfo.userinfo)),
    ("introspection", path("oauth/introspect", introspect.introspect)),
    ("revocation", path("oauth/revoke", revoke.revoke)),
    (None, path("oauth/register", register.register)),
    (None, path("oauth/register/<str:client_id>", register.manage)),
    ("client_logos", path("oauth/logo/<path:client_id>", logo.logo, name="logo")),
    ("client_branding", path("oauth/brand/<path:client_id>.css", brand.style, name="client_style")),
    ("session_management", path("oauth/check-session", check_session.check_session)),
    (None, path("health/live", health.live)),
    (None, path("health/ready", health.ready)),
    (None, path("metrics", metrics.metrics)),
)
if _ISSUER_PATH:
    MACHINES += (
        (None, path(f".well-known/openid-configuration/{_ISSUER_PATH}", discovery.discovery)),
        (None, path(f".well-known/oauth-authorization-server/{_ISSUER_PATH}", discovery.discovery)),
    )

machine_patterns: list[URLPattern] = [
    pattern for feature, pattern in MACHINES if feature is None or getattr(settings.FEATURES, feature)
]

# The pages of the front channel, in the same form.
PAGES: tuple[tuple[str | None, URLPattern], ...] = (
    (None, path("oauth/authorize", authorize.authorize, name="authorize")),
    (None, path("oauth/authorize/<str:interaction>", authorize.resume, name="resume")),
    (None, path("oauth/cancel/<str:interaction>", authorize.cancel, name="cancel")),
    (None, path("oauth/consent/<str:interaction>", consent.consent, name="consent")),
    (None, path("oauth/open/<path:client_id>", initiate_login.initiate_login, name="initiate_login")),
    (None, path("oauth/select-account/<str:interaction>", select_account.select_account, name="select_account")),
    ("rp_initiated_logout", path("oauth/logout", end_session.end_session, name="end_session")),
    ("rp_initiated_logout", path("oauth/logout/confirm", end_session.confirm, name="end_session_confirm")),
    (None, path("oauth/logout/done", end_session.signed_out, name="signed_out")),
)
page_patterns: list[URLPattern] = [
    pattern for feature, pattern in PAGES if feature is None or getattr(settings.FEATURES, feature)
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="account/"), name="home"),
    *machine_patterns,
    *page_patterns,
    path("account/", include(people)),
    path("account/", include("identity.urls")),
    path("portal/", include("oauth_server.portal.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "oauth_server.endpoints.faults.bad_request"
handler403 = "oauth_server.endpoints.faults.forbidden"
handler404 = "oauth_server.endpoints.faults.not_found"
handler429 = "oauth_server.endpoints.faults.too_often"  # django-allauth's name for it
handler500 = "oauth_server.endpoints.faults.server_error"

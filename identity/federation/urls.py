"""The addresses below ``/account/`` of signing in by a provider. The redirect URI is each provider's own (RFC 9700 §4.4.2)."""

from __future__ import annotations

from django.urls import path, re_path
from django.views.generic import RedirectView

from identity.federation.pages import callback, connections, farewell, home, newcomer, start

addresses = [
    path("connections/", connections.listing, name="account_connections"),
    path("connections/<int:pk>/unlink/", connections.unlink, name="account_connections_unlink"),
    path("login/organisation/", home.home, name="upstream_home"),
    path("login/newcomer/", newcomer.ask, name="upstream_newcomer"),
    path("login/newcomer/link/", newcomer.confirm, name="upstream_confirm_link"),
    path("login/newcomer/new/", newcomer.sign_up, name="upstream_sign_up"),
    path("login/with/<slug:slug>/", start.start, name="upstream_start"),
    path("login/with/<slug:slug>/callback/", callback.callback, name="upstream_callback"),
    path("login/with/<slug:slug>/back-channel-logout/", farewell.back_channel, name="upstream_back_channel"),
    path("logout/leaving/", farewell.leaving, name="upstream_leaving"),
    path("logout/done/", farewell.signed_out, name="upstream_signed_out"),
    # django-allauth's own pages of this: they know neither the last way in nor the rules of linking.
    re_path(r"^(?:3rdparty|social)/", RedirectView.as_view(pattern_name="account_connections")),
]

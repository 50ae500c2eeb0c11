"""The look and the menu of the operators' pages (django-unfold)."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# The tokens of static/css/gatehouse.css, as the eleven steps that the theme asks for.
_STEPS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
_GREENS = dict(
    zip(
        _STEPS,
        (
            "#f2f8f5", "#e4efea", "#c4dfd5", "#a9e0d0", "#86cfbb", "#57a793", "#1e5b4f", "#1a5045", "#154439", "#0f332b",
            "#0c1f1a",
        ),
        strict=True,
    )
)  # fmt: skip
_GREYS = dict(
    zip(
        _STEPS,
        (
            "#faf9f6", "#f4f3ee", "#e6e4dc", "#cfcfc7", "#a5b2ac", "#616d68", "#55625d", "#3a4541", "#232c29", "#1b2320",
            "#111614",
        ),
        strict=True,
    )
)  # fmt: skip


def _favicon(request: Any) -> str:
    """Asked at each page: the names of static files are known once they are collected."""
    del request
    return static("img/favicon.svg")


def _style(request: Any) -> str:
    del request
    return static("css/operators.css")


def _script(request: Any) -> str:
    del request
    return static("js/operators.js")


def _item(title: Any, icon: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{model.replace('_', '.view_', 1)}"),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Gatehouse",
    "SITE_HEADER": "Gatehouse",
    "SITE_SUBHEADER": _("Operators · all times are UTC"),
    "SITE_URL": "/account/",
    "SITE_ICON": _favicon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _favicon}],
    "STYLES": [_style],
    "SCRIPTS": [_script],
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {"base": _GREYS, "primary": _GREENS},
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("People"),
                "items": [
                    _item(_("People"), "person", "identity_user"),
                    _item(_("Sign-ins"), "devices", "identity_loginsession"),
                    _item(_("Upstream providers"), "hub", "identity_upstream"),
                    _item(_("Consents"), "handshake", "oauth_server_consent"),
                    _item(_("Operators' roles"), "badge", "auth_group"),
                ],
            },
            {
                "title": _("Applications"),
                "items": [
                    _item(_("Clients"), "apps", "oauth_server_client"),
                    _item(_("Token families"), "account_tree", "oauth_server_tokenfamily"),
                    _item(_("Refresh tokens"), "autorenew", "oauth_server_refreshtoken"),
                    _item(_("Opaque access tokens"), "toll", "oauth_server_accesstoken"),
                    _item(_("Authorization codes"), "pin", "oauth_server_authorizationcode"),
                ],
            },
            {
                "title": _("Server"),
                "items": [
                    _item(_("Audit log"), "history", "oauth_server_auditevent"),
                    _item(_("Signing keys"), "key", "oauth_server_signingkey"),
                    _item(_("Outbox"), "outbox", "oauth_server_outboxmessage"),
                ],
            },
        ],
    },
}

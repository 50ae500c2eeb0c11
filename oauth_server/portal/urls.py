"""The developers' addresses under ``/portal/``, and those of people under ``/account/`` that only the server can answer."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path

from oauth_server.portal import activity, clients, connected_apps, credentials, history
from oauth_server.settings.features import Features

# Taking an access back is a person's right: these are there when the portal is off too.
people: list[URLPattern] = [
    path("apps/", connected_apps.listing, name="connected_apps"),
    path("apps/<int:application>/", connected_apps.show, name="connected_app"),
    path("apps/<int:application>/withdraw/", connected_apps.withdraw, name="connected_apps_withdraw"),
    path("activity/", history.listing, name="account_activity"),
]

_DEVELOPERS: tuple[URLPattern, ...] = (
    path("", clients.listing, name="portal"),
    path("new/", clients.choose, name="portal_new"),
    path("new/<slug:kind>/", clients.create, name="portal_create"),
    path("<int:pk>/", clients.show, name="portal_application"),
    path("<int:pk>/edit/", clients.edit, name="portal_edit"),
    path("<int:pk>/disable/", clients.disable, name="portal_disable"),
    path("<int:pk>/enable/", clients.enable, name="portal_enable"),
    path("<int:pk>/delete/", clients.delete, name="portal_delete"),
    path("<int:pk>/secret/", credentials.show, name="portal_secret"),
    path("<int:pk>/secret/rotate/", credentials.rotate, name="portal_rotate"),
    path("<int:pk>/secret/end-former/", credentials.end_former, name="portal_end_former"),
    path("<int:pk>/activity/", activity.show, name="portal_activity"),
)


def table(features: Features) -> list[URLPattern]:
    """What is there when these features are on."""
    return list(_DEVELOPERS) if features.portal else []


urlpatterns = table(settings.FEATURES)

"""The addresses under ``/portal/``. Taking an access back is a person's right: it is there when the portal is off too."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path

from oauth_server.portal import activity, clients, connected_apps, credentials
from oauth_server.settings.features import Features

_PEOPLE: tuple[URLPattern, ...] = (
    path("connected/", connected_apps.listing, name="connected_apps"),
    path("connected/<int:consent>/withdraw/", connected_apps.withdraw, name="connected_apps_withdraw"),
)

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
    return [*_PEOPLE, *(_DEVELOPERS if features.portal else ())]


urlpatterns = table(settings.FEATURES)

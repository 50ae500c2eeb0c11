"""The frames of the page that ends a sign-in: each lets one client end its own (OpenID Connect Front-Channel Logout 1.0)."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from oauth_server.clients import registry
from oauth_server.clients.subjects import sid_of
from oauth_server.models import Participation
from oauth_server.protocol import uris

# A page with hundreds of frames would end nothing sooner; the rest hears over the back channel or when its tokens are dead.
_MOST_FRAMES: Final = 50


def frames(sid: str) -> list[str]:
    """What to load in frames: the ``frontchannel_logout_uri`` of every client that took part, with ``iss`` and ``sid`` (§2).

    Args:
        sid: the sign-in that ended.
    """
    if not sid or not settings.FEATURES.frontchannel_logout:
        return []
    clients = [registry.get(client_id) for _, client_id in Participation.objects.clients([sid])]
    wanted = [
        (str(client.metadata["frontchannel_logout_uri"]), sid_of(client, sid))
        for client in clients
        if client is not None and client.is_active and "frontchannel_logout_uri" in client.metadata
    ]
    return [uris.with_query(uri, {"iss": settings.ISSUER, "sid": named}) for uri, named in wanted[:_MOST_FRAMES]]

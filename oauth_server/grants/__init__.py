"""The token endpoint's decisions: one file a ``grant_type``, one row in ``GRANTS``.

Each grant spends its one row with one statement and answers an ``Authorization`` (or ``Refused``); the shared phases (client
authentication, minting, saving, recording) are the endpoint's, so no grant can forget one. RFC 6749 §4, §6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oauth_server.clients.client import RegisteredClient
from oauth_server.grants import authorization_code, client_credentials, refresh_token
from oauth_server.protocol.parameters import Parameters
from oauth_server.settings.features import Features
from oauth_server.tokens.authorization import Authorization, Refused

Decide = Callable[[Parameters, RegisteredClient, datetime], Authorization | Refused]


@dataclass(frozen=True, slots=True)
class Grant:
    """One row: the wire name, the feature that turns it on, and the decision."""

    grant_type: str
    feature: str
    decide: Decide


ALL: Final = (
    Grant("authorization_code", "authorization_code", authorization_code.decide),
    Grant("client_credentials", "client_credentials", client_credentials.decide),
    Grant("refresh_token", "refresh_token", refresh_token.decide),
)


def table(features: Features) -> Mapping[str, Grant]:
    """GRANTS: the rows whose feature is on."""
    return {grant.grant_type: grant for grant in ALL if getattr(features, grant.feature)}

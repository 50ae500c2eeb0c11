"""Everything that is stored; the only place that builds queries.

Owns tables, and the single statement that spends each single-use thing. Decisions belong to the packages above. The six
models that django-oauth-toolkit lets one swap extend its abstract bases, less what must not be stored (codes, tokens and
secrets in the clear).
"""

from oauth_server.models.audit import AuditEvent
from oauth_server.models.client import Client, ClientSecret
from oauth_server.models.code import AuthorizationCode
from oauth_server.models.consent import Consent
from oauth_server.models.device import DeviceCode
from oauth_server.models.interaction import Interaction
from oauth_server.models.outbox import OutboxMessage
from oauth_server.models.participation import Participation
from oauth_server.models.registration import InitialAccessToken, Registration
from oauth_server.models.replay import SeenIdentifier
from oauth_server.models.signing_key import SigningKey
from oauth_server.models.token import AccessToken, IDToken, RefreshToken, RevokedToken, TokenFamily
from oauth_server.models.version import StateVersion

__all__ = [
    "AccessToken",
    "AuditEvent",
    "AuthorizationCode",
    "Client",
    "ClientSecret",
    "Consent",
    "DeviceCode",
    "IDToken",
    "InitialAccessToken",
    "Interaction",
    "OutboxMessage",
    "Participation",
    "RefreshToken",
    "Registration",
    "RevokedToken",
    "SeenIdentifier",
    "SigningKey",
    "StateVersion",
    "TokenFamily",
]

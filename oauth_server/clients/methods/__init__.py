"""How a client proves who it is: one table, built from the features (RFC 6749 §2.3, RFC 7523, OpenID Connect Core §9).

Owns what each method accepts. Finding the one credential in a request belongs to ``clients.authenticate``. Discovery prints
the names of this table. A client may use only the method that it registered, so that a leak through one way is not usable
through another; where its profile says so, the two ways to send a secret stand in for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from django.conf import settings

from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.methods import assertion, secret, unauthenticated
from oauth_server.clients.methods.presented import Presented

# Why the credential does not prove the client, for the log; nothing when it does. None stands for an unknown client, on
# which a secret costs what a wrong one costs.
Prove = Callable[[Presented, RegisteredClient | None, datetime], str]


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the table.

    Attributes:
        name: the registered name, as in ``token_endpoint_auth_method``.
        feature: the row of ``settings.features`` that turns it on.
        source: the section that defines it.
        prove: the function that judges it.
    """

    name: str
    feature: str
    source: str
    prove: Prove


_ALL: Final = (
    Method("client_secret_basic", "client_secret_basic", "RFC 6749 §2.3.1", secret.prove),
    Method("client_secret_post", "client_secret_post", "RFC 6749 §2.3.1", secret.prove),
    Method("client_secret_jwt", "client_secret_jwt", "RFC 7523 §2.2", assertion.prove),
    Method("private_key_jwt", "private_key_jwt", "RFC 7523 §2.2", assertion.prove),
    Method("none", "public_clients", "RFC 6749 §2.1", unauthenticated.prove),
)

CLIENT_AUTH_METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {row.name: row for row in _ALL if getattr(settings.FEATURES, row.feature)}
)
_SECRET_SENT: Final = frozenset({"client_secret_basic", "client_secret_post"})


def may_use(client: RegisteredClient, name: str) -> bool:
    """Whether a client may authenticate by the method ``name``."""
    registered = client.token_endpoint_auth_method
    if name not in CLIENT_AUTH_METHODS:
        return False
    return name == registered or (
        client.profile.secret_in_header_or_form and _SECRET_SENT.issuperset({name, registered})
    )

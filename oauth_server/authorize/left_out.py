"""What a person leaves out of what a client asks for (RFC 6749 §3.3: the scope that is granted may be less). Pure.

A client says by ``optional_scopes`` what it can live without; everything else is all or nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from identity.claims import SCOPE_CLAIMS
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients.client import RegisteredClient
from oauth_server.models import Consent
from oauth_server.protocol import claims_request


def may_be_left_out(asked: AuthorizeRequest, client: RegisteredClient) -> frozenset[str]:
    """The scopes of a request that stand beside a box on the consent page.

    None for a client that operators vouch for: it gets everything without a question the next time, and a box would promise more.
    """
    if client.skip_authorization:
        return frozenset()
    return client.optional_scopes.intersection(asked.scope)


def unticked(asked: AuthorizeRequest, client: RegisteredClient, ticked: Collection[str]) -> frozenset[str]:
    """What the person left out just now; what they tick beside that means nothing.

    Args:
        asked: the request.
        client: who asks.
        ticked: the boxes that came back.
    """
    return may_be_left_out(asked, client).difference(ticked)


def left_out(asked: AuthorizeRequest, client: RegisteredClient, consent: Consent | None) -> frozenset[str]:
    """What the person left out and is not asked about again, unless the client asks with ``prompt=consent``.

    A scope that the client cannot do without any more does not count as left out: the person is asked.
    """
    if consent is None or not consent.refused:
        return frozenset()
    return may_be_left_out(asked, client).intersection(consent.refused.split())


def narrowed(asked: AuthorizeRequest, client: RegisteredClient, consent: Consent | None) -> AuthorizeRequest:
    """The request less what the person left out: nothing of it is granted, by its scope or by the name of a claim.

    Args:
        asked: the request.
        client: who asks.
        consent: what the person decided.
    """
    without = left_out(asked, client, consent)
    if consent is None or not without:
        return asked
    scope = tuple(name for name in asked.scope if name not in without)
    kept = set(consent.claims).union(*(SCOPE_CLAIMS.get(name, ()) for name in scope))
    gone = {claim for name in without for claim in SCOPE_CLAIMS.get(name, ())} - kept
    return replace(asked, scope=scope, claims=claims_request.without(asked.claims, gone))

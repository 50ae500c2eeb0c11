"""A code becomes tokens, at the provider's token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5). They are used and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from identity.federation import client_auth
from identity.federation.connection import Connection
from identity.federation.metadata import Metadata
from identity.federation.question import Asked
from identity.federation.refusal import Reason, Refused
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.errors import JoseError
from oauth_server.outbound import fetch


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)


def redeem(made: Connection, metadata: Metadata, code: str, asked: Asked, now: datetime) -> Tokens:
    """Ask for tokens.

    Args:
        made: the provider.
        metadata: as it describes itself.
        code: of its answer.
        asked: what was remembered.
        now: aware UTC.

    Raises:
        Refused: it refuses, cannot be reached, or answers what is no token response.
    """
    endpoint = metadata.endpoint("token_endpoint")
    if not endpoint:
        raise Refused(Reason.MISCONFIGURED, "It has no token endpoint.")
    proof = client_auth.choose(made, metadata.auth_methods)(made, endpoint, now)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": made.redirect_uri, **proof.form}
    if asked.verifier:
        form["code_verifier"] = asked.verifier
    try:
        found = fetch.ask(endpoint, form, accept="application/json", authorization=proof.authorization)
    except fetch.FetchError as error:
        raise Refused(Reason.UNREACHABLE, f"Token endpoint: {error}") from None
    members = _members(found.body)
    # GitHub says no with 200.
    if found.status != 200 or "error" in members:
        raise Refused(Reason.CODE, f"Token endpoint: {found.status} {str(members.get('error', ''))[:100]}")
    access_token, id_token = members.get("access_token", ""), members.get("id_token", "")
    if not isinstance(access_token, str) or not isinstance(id_token, str) or not (access_token or id_token):
        raise Refused(Reason.CODE, "Token endpoint: the answer holds no token.")
    if made.preset.is_openid and not id_token:
        raise Refused(Reason.ID_TOKEN, "The answer holds no ID token (OpenID Connect Core §3.1.3.3).")
    return Tokens(access_token, id_token)


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        return parse_object(body)
    except JoseError as error:
        raise Refused(Reason.CODE, f"Token endpoint: {error}") from None

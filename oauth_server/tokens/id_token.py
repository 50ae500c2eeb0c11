"""ID tokens (OpenID Connect Core §2, §3.1.3.6)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from oauth_server.clients import encryption, secrets
from oauth_server.clients.client import RegisteredClient
from oauth_server.jose.algorithms import ALGORITHMS, SYMMETRIC
from oauth_server.jose.sign import Signer, secret_signer
from oauth_server.keys import store, wrap
from oauth_server.protocol.errors import ServerError
from oauth_server.tokens.authorization import Authorization

JWT_TYPE: Final = "JWT"


def half_hash(value: str, alg: str) -> str:
    """``at_hash`` and ``c_hash``: the left half of the hash of an ASCII value (OpenID Connect Core §3.1.3.6, §3.3.2.11)."""
    digest = getattr(hashlib, ALGORITHMS[alg].digest)(value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def signer_for(client: RegisteredClient, alg: str, now: datetime) -> Signer:
    """Who signs what is for this client alone: one of our keys, or the client's secret for HS algorithms (Core §10.1)."""
    if alg not in SYMMETRIC:
        return store.signer(alg, now)
    wrapped = next((secret.wrapped for secret in client.live_secrets(now) if secret.wrapped), None)
    if wrapped is None:
        raise ServerError(detail=f"{client.client_id} registered {alg} and has no secret that can sign")
    return secret_signer(alg, wrap.unwrap(wrapped, secrets.context(client.client_id)).decode())


def mint(
    authorization: Authorization,
    now: datetime,
    sign_in: Mapping[str, Any],
    *,
    access_token: str = "",
    code: str = "",
    claims: dict[str, Any] | None,
) -> str:
    """Mint an ID token, signed, and encrypted where the client registered for that (§10.2).

    Args:
        authorization: what the grant proved.
        now: the moment of the request.
        sign_in: what is said of it.
        access_token: issued beside it; gives ``at_hash``.
        code: issued beside it at the authorization endpoint; gives ``c_hash``.
        claims: what is said of the person, when the client asked for it here.

    Raises:
        InvalidRequest: the client wants it encrypted and has no usable key.
    """
    client = authorization.client
    issued = int(now.timestamp())
    members: dict[str, Any] = {
        **(claims or {}),
        "iss": settings.ISSUER,
        "sub": authorization.sub,
        "aud": client.client_id,
        "iat": issued,
        "exp": issued + settings.LIFETIMES.id_token,
        **sign_in,
    }
    if authorization.nonce:
        members["nonce"] = authorization.nonce
    if access_token:
        members["at_hash"] = half_hash(access_token, client.id_token_signed_response_alg)
    if code:
        members["c_hash"] = half_hash(code, client.id_token_signed_response_alg)
    signed = signer_for(client, client.id_token_signed_response_alg, now).sign(members, typ=JWT_TYPE)
    return encryption.to_client(client, encryption.ID_TOKEN, signed, now)

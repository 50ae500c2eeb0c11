"""An ID token of a provider, judged (OpenID Connect Core §3.1.3.7). Its signature is always verified, whatever way it came."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from identity.federation.connection import Connection
from identity.federation.metadata import Metadata, accepted_algorithms, keys_of
from identity.federation.question import Asked
from identity.federation.refusal import Reason, Refused
from oauth_server.jose.algorithms import ALGORITHMS
from oauth_server.jose.errors import JoseError
from oauth_server.jose.verify import Verified, check_times, inspect, verify

# An ID token that says it is from long ago is not the answer to a question of now.
_OLDEST_SECONDS: Final = 600
_LONGEST_SUBJECT: Final = 255


def read(
    token: str, made: Connection, metadata: Metadata, asked: Asked, *, access_token: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of an ID token that answers our question.

    Args:
        token: as the token endpoint gave it.
        made: the provider.
        metadata: as it describes itself.
        asked: what was remembered: its nonce.
        access_token: that came with it; empty when none did.
        now: aware UTC.

    Raises:
        Refused: anything at all is wrong with it.
    """
    try:
        verified = _verified(token, metadata, now)
        _check_iat(verified.claims, now)
        check_times(verified.claims, now, settings.LIFETIMES.clock_skew)
    except JoseError as error:
        raise Refused(Reason.ID_TOKEN, str(error)) from None
    claims = verified.claims
    for complaint in (
        _issuer(claims, made),
        _audience(claims, made.client_id),
        _nonce(claims, made, asked),
        _subject(claims),
        _hash(verified, access_token),
    ):
        if complaint:
            raise Refused(Reason.ID_TOKEN, complaint)
    return claims


def _verified(token: str, metadata: Metadata, now: datetime) -> Verified:
    keys = keys_of(metadata, inspect(token).header.get("kid"), now)
    return verify(token, keys, algorithms=accepted_algorithms(metadata))


def _check_iat(claims: Mapping[str, Any], now: datetime) -> None:
    if "iat" not in claims:
        raise JoseError("The token has no iat.")
    if claims["iat"] < now.timestamp() - _OLDEST_SECONDS - settings.LIFETIMES.clock_skew:
        raise JoseError("The token is too old.")


def _issuer(claims: Mapping[str, Any], made: Connection) -> str:
    issuer = claims.get("iss")
    tenant = claims.get("tid", "") if made.preset.tenant else None
    return "" if issuer and made.accepts_issuer(issuer, tenant) else "Its iss is another issuer's."


def _audience(claims: Mapping[str, Any], client_id: str) -> str:
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if client_id not in several:
        return "Its aud is another client's."
    # §3.1.3.7 (3), (4): a token for us and for others must have been asked for by us.
    if (len(several) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        return "Its azp is another client's."
    return ""


def _nonce(claims: Mapping[str, Any], made: Connection, asked: Asked) -> str:
    if "nonce" not in claims and not made.preset.echoes_nonce:
        return ""
    return "" if hmac.compare_digest(str(claims.get("nonce", "")), asked.nonce) else "Its nonce is not the one we sent."


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub", "")
    return "" if subject and len(subject) <= _LONGEST_SUBJECT else "It has no sub that could be kept."


def _hash(verified: Verified, access_token: str) -> str:
    """§3.1.3.8: an access token that was put beside another's ID token."""
    claimed = verified.claims.get("at_hash")
    if claimed is None or not access_token:
        return ""
    digest = hashlib.new(ALGORITHMS[verified.header["alg"]].digest, access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return "" if hmac.compare_digest(str(claimed), expected) else "Its at_hash is of another access token."

"""Proof Key for Code Exchange (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from oauth_server.protocol.errors import InvalidGrant, InvalidRequest

S256: Final = "S256"
PLAIN: Final = "plain"

# RFC 7636 §4.1: 43 to 128 unreserved characters; §4.2 gives the challenge the same grammar.
_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def check_challenge(challenge: str, method: str, allowed: frozenset[str]) -> None:
    """Judge a ``code_challenge`` when the request arrives (RFC 7636 §4.3, §4.4.1).

    Raises:
        InvalidRequest: a method that is not allowed or a malformed challenge.
    """
    if method not in allowed:
        raise InvalidRequest(
            f"code_challenge_method {method} is not allowed; use S256.",
            hint="Send code_challenge_method=S256 and code_challenge=BASE64URL(SHA256(code_verifier)).",
        )
    if not _VERIFIER.fullmatch(challenge) or (method == S256 and len(challenge) != 43):
        raise InvalidRequest("The code_challenge is malformed.")


def challenge_of(verifier: str, method: str) -> str:
    """The challenge that a verifier answers (RFC 7636 §4.2, §4.6)."""
    if method == PLAIN:
        return verifier
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def verify(verifier: str | None, challenge: str, method: str) -> None:
    """Judge a ``code_verifier`` at the token endpoint (RFC 7636 §4.6, RFC 9700 §2.1.1 on downgrades).

    Args:
        verifier: as received, or None when absent.
        challenge: what the authorization request carried; empty when it carried none.
        method: ``S256`` or ``plain``.

    Raises:
        InvalidGrant: missing, malformed or wrong; or a verifier where there was no challenge (a downgrade).
    """
    if not challenge:
        if verifier is not None:
            raise InvalidGrant("A code_verifier was sent, but the authorization request had no code_challenge.")
        return
    if verifier is None:
        raise InvalidGrant("The code_verifier is missing.")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant("The code_verifier is malformed.")
    if not hmac.compare_digest(challenge_of(verifier, method), challenge):
        raise InvalidGrant("The code_verifier does not match the code_challenge.")

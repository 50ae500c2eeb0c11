"""Names that follow from what they name: RFC 7638 for keys, RFC 8705 §3.1 for certificates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from oauth_server.jose.encoding import encode
from oauth_server.jose.errors import JoseError

# The members that make a key, in the order of the hash's input (RFC 7638 §3.2, RFC 8037 §2).
REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
    "oct": ("k", "kty"),
}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a key (RFC 7638 §3), base64url.

    Raises:
        JoseError: the key type is unknown, or a member that makes the key is missing or not a string.
    """
    kty = jwk.get("kty")
    names = REQUIRED.get(kty) if isinstance(kty, str) else None
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise JoseError("A key lacks a member that makes it.")
    essence = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    try:
        return encode(hashlib.sha256(essence.encode("utf-8")).digest())
    except UnicodeEncodeError:
        raise JoseError("A member of a key is not text.") from None


def certificate_thumbprint(der: bytes) -> str:
    """``x5t#S256`` of a certificate: SHA-256 over its DER, base64url (RFC 7515 §4.1.8, RFC 8705 §3.1)."""
    return encode(hashlib.sha256(der).digest())

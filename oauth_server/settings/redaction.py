"""What must never be read in a log, taken out of every line whoever wrote it (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

MASK: Final = "[secret]"

# Field names and parameter names whose value is a secret, wherever they occur.
SECRET_NAMES: Final = frozenset(
    {
        "access_token", "actor_token", "assertion", "authorization", "client_assertion", "client_secret", "code", "code_verifier",
        "cookie", "csrfmiddlewaretoken", "device_code", "id_token", "id_token_hint", "key_encryption_key", "logout_token", "passwd",
        "password", "password1", "password2", "oldpassword", "private_key", "refresh_token", "registration_access_token", "request",
        "secret", "secret_key", "session_key", "set_cookie", "subject_token", "token", "user_code",
    }
)  # fmt: skip

_NAMES: Final = "|".join(sorted(name.replace("_", "[_-]") for name in SECRET_NAMES))
_PATTERNS: Final = (
    # Our own tokens keep the prefix that says what kind it was.
    (re.compile(r"\b(gth_[a-z]+_)[A-Za-z0-9_-]{6,}"), rf"\1{MASK}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){1,4}"), MASK),
    (re.compile(r"\b(Basic|Bearer|DPoP)(\s+|%20|\+)[A-Za-z0-9+/=._~-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(rf"\b((?:{_NAMES})=)[^&\s'\"<>,;)]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"(['\"](?:{_NAMES})['\"]\s*:\s*)(['\"]).*?\2", re.IGNORECASE), rf"\1\2{MASK}\2"),
    # The link of an invitation: django.request names the path of what it refuses.
    (re.compile(r"(/account/invitation/)[A-Za-z0-9_-]{6,}"), rf"\1{MASK}"),
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+@"), rf"\1{MASK}@"),
)


# Most strings hold none of this, and every successful request writes a line.
_SUSPECT: Final = re.compile(r"gth_|eyJ|=|://|/invitation/|[\"']\s*:|(?:asic|earer|dpop)[\s%+]", re.IGNORECASE)


def redact_text(text: str) -> str:
    """The text without tokens, JWTs, credentials, passwords in URLs, and values of secret parameters."""
    if not _SUSPECT.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, name: str = "") -> Any:
    """The value as it may be logged.

    Args:
        value: anything; strings are searched, collections walked, numbers and the like kept.
        name: the field it stands in; a secret name hides everything but nothing (empty values stay visible).
    """
    if name.lower().replace("-", "_") in SECRET_NAMES and value not in (None, "", [], {}, ()):
        return MASK
    if isinstance(value, Mapping):
        return {key: redact(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact_text(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor: every field of every line. Names that begin with ``_`` are structlog's own."""
    return {name: value if name.startswith("_") else redact(value, name) for name, value in event.items()}

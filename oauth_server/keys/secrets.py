"""The one place that makes and digests random values (RFC 6749 §10.10, RFC 9700 §4.17).

A value reads ``gth_<kind>_<random><checksum>``. ``random`` is 256 bits (a client secret: 384, so that it is long enough
for HS512) in base62; ``checksum`` is six base62 digits of the CRC-32 (zlib's) over everything before it. A secret
scanner can therefore tell a leaked value from a look-alike without asking us, and we refuse a mistyped one without a
query. The checksum protects nothing: it is the randomness that does.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from enum import StrEnum
from typing import Final

from oauth_server.keys.wrap import derived_key

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(first + second for first in _DIGITS for second in _DIGITS)
_CHECKSUM: Final = 6


class Kind(StrEnum):
    """What a value is for; its prefix."""

    CODE = "ac"
    ACCESS_TOKEN = "at"  # noqa: S105  # a prefix, not a password
    REFRESH_TOKEN = "rt"  # noqa: S105  # a prefix, not a password
    CLIENT_SECRET = "cs"  # noqa: S105  # a prefix, not a password
    INTERACTION = "in"
    BROWSER = "br"
    REGISTRATION_ACCESS_TOKEN = "rat"  # noqa: S105  # a prefix, not a password
    INITIAL_ACCESS_TOKEN = "iat"  # noqa: S105  # a prefix, not a password


# Octets of randomness; everything else has 32. RFC 7518 §3.2: HS512 wants a secret of at least 64 octets.
_ENTROPY: Final[dict[Kind, int]] = {Kind.CLIENT_SECRET: 48}
_DEFAULT_ENTROPY: Final = 32


def _entropy(kind: Kind) -> int:
    return _ENTROPY.get(kind, _DEFAULT_ENTROPY)


def _length(octets: int) -> int:
    """How many base62 digits hold any number of that many octets."""
    length = 1
    while 62**length < 256**octets:
        length += 1
    return length


_LENGTHS: Final = {kind: _length(_entropy(kind)) for kind in Kind}
_PREFIXES: Final = {kind: f"gth_{kind}_" for kind in Kind}


def _base62(number: int, length: int) -> str:
    # Two digits a division, since to divide a number of 256 bits is what costs: 2 microseconds, and 7 by single digits.
    pairs = []
    for _ in range((length + 1) // 2):
        number, pair = divmod(number, 3_844)
        pairs.append(_PAIRS[pair])
    pairs.reverse()
    return "".join(pairs)[-length:]


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), _CHECKSUM)


def mint(kind: Kind | str, entropy: bytes | None = None) -> str:
    """A new value, or the one value that ``entropy`` makes.

    Args:
        kind: what it is for.
        entropy: 32 octets of ``derive``'s, where the same value must be made again; random when absent.
    """
    kind = Kind(kind)
    octets = _entropy(kind)
    if entropy is None:
        entropy = secrets.token_bytes(octets)
    if len(entropy) != octets:
        raise ValueError(f"{kind} takes {octets} octets of entropy.")
    text = _PREFIXES[kind] + _base62(int.from_bytes(entropy, "big"), _LENGTHS[kind])
    return text + _checksum(text)


def well_formed(value: str, kind: Kind | str) -> bool:
    """Whether ``value`` can be one of ours: cheap, and asked before any query."""
    kind = Kind(kind)
    prefix = _PREFIXES[kind]
    if len(value) != len(prefix) + _LENGTHS[kind] + _CHECKSUM or not value.startswith(prefix):
        return False
    # ASCII letters and digits are base62.
    if not (value.isascii() and value[len(prefix) :].isalnum()):
        return False
    return _checksum(value[:-_CHECKSUM]) == value[-_CHECKSUM:]


def digest(value: str) -> bytes:
    """What is stored in place of a token, code or secret: HMAC-SHA-256 under the pepper, 32 octets.

    Takes any text, also a secret that an operator chose. A dump of the database without the pepper is of no use.
    """
    return hmac.digest(derived_key("pepper"), value.encode("utf-8", "surrogatepass"), "sha256")


def derive(label: str, value: str) -> bytes:
    """32 octets that follow from ``value`` and from nothing an outsider knows, for values that must be made again.

    Args:
        label: what they are for; two labels never give the same octets.
        value: what they follow from.
    """
    return hmac.digest(derived_key(f"derive {label}"), value.encode("utf-8", "surrogatepass"), "sha256")


def fingerprint(*parts: str) -> bytes:
    """One 32-octet name for several texts; no other division into parts has the same (lengths are hashed too)."""
    state = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        state.update(len(octets).to_bytes(8, "big"))
        state.update(octets)
    return state.digest()

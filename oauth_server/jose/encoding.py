"""Base64url and JSON, each in the one form that we accept (RFC 7515 §2, RFC 8259, RFC 8725 §2.4).

Everything lenient is refused: padding, white space, stray bits, duplicate members, ``NaN``, huge numbers, deep nesting,
characters that no database can store. Two parsers that disagree about a token are two different tokens.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any, Final

from oauth_server.jose.errors import JoseError

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
# The closing quote is optional: a string without one must not be looked for again from each quote inside it.
_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_DEPTH: Final = 16
_DIGITS: Final = 18
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_ESCAPE: Final = "\\u"


def encode(octets: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The octets of canonical base64url without padding.

    Raises:
        JoseError: another alphabet, padding, white space, an impossible length, or stray bits in the last character,
            which would give one signature several spellings.
    """
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise JoseError("A part is not base64url without padding.")
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(octets) != text:
        raise JoseError("A part is not canonical base64url.")
    return octets


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JoseError("A JSON object has the same member twice.")
    return members


def _refuse_constant(_: str) -> Any:
    raise JoseError("A JSON number is not finite.")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS:
        raise JoseError("A JSON number is too long.")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise JoseError("A JSON number is not finite.")
    return number


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_integer, parse_float=_real
)


def _refuse_depth(text: str) -> None:
    """Python's scanner recurses, so depth is judged before it runs."""
    if text.count("[") + text.count("{") <= _DEPTH:
        return
    depth = 0
    for character in _STRINGS.sub("", text):
        depth += (character in "[{") - (character in "]}")
        if depth > _DEPTH:
            raise JoseError("JSON is nested too deeply.")


def _refuse_unstorable(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and _UNSTORABLE.search(item):
            raise JoseError("JSON holds a NUL or half of a surrogate pair.")


def parse_object(octets: bytes) -> dict[str, Any]:
    """The JSON object that ``octets`` spell.

    Raises:
        JoseError: not UTF-8, not one object, or outside the limits named in the module's docstring.
    """
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise JoseError("A part is not UTF-8.") from None
    _refuse_depth(text)
    try:
        value = _decoder.decode(text)
    except JoseError:
        raise
    except (ValueError, RecursionError):
        raise JoseError("A part is not JSON.") from None
    if not isinstance(value, dict):
        raise JoseError("A part is not a JSON object.")
    if _ESCAPE in text:
        _refuse_unstorable(value)
    return value

"""The strict front door: bytes of a query or a form become ``Parameters``, or an error, before any query runs.

Refuses duplicates (RFC 6749 §3.1, §3.2), NUL, invalid percent-encoding or UTF-8, oversize and wrong media types. A parameter
without a value counts as absent (RFC 6749 §3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from oauth_server.protocol.errors import InvalidRequest

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"

# RFC 8707 §2 and RFC 8693 §2.1 let these, and only these, stand more than once.
REPEATABLE: Final = frozenset({"resource", "audience"})

_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the front door lets in; sizes in bytes.

    Attributes:
        body: the whole query or form.
        count: how many parameters.
        name: one parameter's name.
        value: one parameter's value; ``long_values`` name the exceptions, which carry JWTs or JSON.
    """

    body: int = 65_536
    count: int = 100
    name: int = 128
    value: int = 8_192
    long_value: int = 32_768
    long_values: frozenset[str] = frozenset(
        {"request", "client_assertion", "claims", "assertion", "id_token_hint", "registration", "authorization_details",
         "subject_token", "actor_token", "token", "logout_token"}
    )  # fmt: skip


DEFAULT_LIMITS: Final = Limits()


class Parameters(Mapping[str, str]):
    """Parameters that passed the front door: at most one value a name, but for the repeatable ones (``all``)."""

    __slots__ = ("_repeated", "_single")

    def __init__(self, single: Mapping[str, str], repeated: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._single = dict(single)
        self._repeated = dict(repeated or {})

    def __getitem__(self, name: str) -> str:
        return self._single[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._single)

    def __len__(self) -> int:
        return len(self._single)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a repeatable parameter, in order; empty when absent."""
        return self._repeated.get(name, ())

    def required(self, name: str) -> str:
        """The value of ``name``.

        Raises:
            InvalidRequest: the parameter is absent or empty.
        """
        value = self._single.get(name)
        if value is None:
            raise InvalidRequest(f"The parameter {name} is missing.")
        return value


def _decode(raw: bytes, what: str) -> str:
    """Percent-decode strictly: every ``%`` starts two hex digits, and the octets are UTF-8 without NUL."""
    raw = raw.replace(b"+", b" ")
    position = raw.find(b"%")
    while position != -1:
        if position + 2 >= len(raw) or raw[position + 1] not in _HEX or raw[position + 2] not in _HEX:
            raise InvalidRequest(f"The {what} has a malformed percent-encoding.")
        position = raw.find(b"%", position + 3)
    try:
        text = (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise InvalidRequest(f"The {what} is not valid UTF-8.") from None
    if "\x00" in text:
        raise InvalidRequest(f"The {what} has a NUL character.")
    return text


def _field(field: bytes, limits: Limits) -> tuple[str, str]:
    raw_name, _, raw_value = field.partition(b"=")
    if len(raw_name) > limits.name:
        raise InvalidRequest("A parameter name is too long.")
    name = _decode(raw_name, "name of a parameter")
    # A percent-encoded octet is three bytes long, so the raw length bounds the work before it is spent.
    bound = limits.long_value if name in limits.long_values else limits.value
    if len(raw_value) > 3 * bound:
        raise InvalidRequest("A parameter value is too long.")
    value = _decode(raw_value, "value of a parameter")
    if len(value) > bound:
        raise InvalidRequest("A parameter value is too long.")
    return name, value


def parse(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Parameters:
    """Read an ``application/x-www-form-urlencoded`` query or body.

    Args:
        raw: the octets as received, without the leading ``?``.
        limits: sizes in bytes.

    Raises:
        InvalidRequest: any of the refusals that this module names.
    """
    if len(raw) > limits.body:
        raise InvalidRequest("The request is too large.")
    fields = raw.split(b"&")
    if len(fields) > limits.count:
        raise InvalidRequest("The request has too many parameters.")
    single: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    for name, value in (_field(field, limits) for field in fields if field):
        if name in REPEATABLE:
            repeated[name] = (*repeated.get(name, ()), value) if value else repeated.get(name, ())
        elif name in single:
            raise InvalidRequest(f"The parameter {name} stands more than once.")
        else:
            single[name] = value
    return Parameters({name: value for name, value in single.items() if value}, repeated)


def is_form(content_type: str) -> bool:
    """Whether a Content-Type names the form media type, with no charset or UTF-8 (RFC 6749 §4.1.3, appendix B)."""
    media_type, _, rest = content_type.partition(";")
    if media_type.strip().lower() != MEDIA_TYPE:
        return False
    for attribute in rest.split(";"):
        name, _, value = attribute.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            return False
    return True

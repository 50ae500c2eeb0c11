"""RESPONSE_TYPES and RESPONSE_MODES: what can be asked for, and how the answer travels to the redirect URI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from django.conf import settings

from oauth_server.protocol import uris


@dataclass(frozen=True, slots=True)
class Redirect:
    """The answer as a 303 to ``location``."""

    location: str


@dataclass(frozen=True, slots=True)
class FormPost:
    """The answer as a page whose form posts ``members`` to ``action`` (OAuth 2.0 Form Post Response Mode §2)."""

    action: str
    members: Mapping[str, str]


Answer = Redirect | FormPost


class ResponseMode(NamedTuple):
    """A row of RESPONSE_MODES.

    Attributes:
        answer: how the members travel; None for ``jwt``, which stands for the JWT mode of the response type's default.
        is_jwt: whether they travel as one JWT (JARM §2).
    """

    answer: Callable[[str, dict[str, str]], Answer] | None
    source: str
    is_jwt: bool = False


class ResponseType(NamedTuple):
    """A row of RESPONSE_TYPES: where its answer goes unless the client says otherwise, and where it never may."""

    default_mode: str
    forbidden_modes: frozenset[str]
    source: str


def _query(uri: str, members: dict[str, str]) -> Answer:
    return Redirect(uris.with_query(uri, members))


def _fragment(uri: str, members: dict[str, str]) -> Answer:
    return Redirect(uris.with_fragment(uri, members))


def _form_post(uri: str, members: dict[str, str]) -> Answer:
    return FormPost(uri, MappingProxyType(members))


# Rows are (feature, name, row): what is off in FEATURES is in neither table, and discovery prints the tables.
_MODES: Final = (
    ("query", "query", ResponseMode(_query, "OAuth 2.0 Multiple Response Types §2.1")),
    ("fragment", "fragment", ResponseMode(_fragment, "OAuth 2.0 Multiple Response Types §2.1")),
    ("form_post", "form_post", ResponseMode(_form_post, "OAuth 2.0 Form Post Response Mode §2")),
    ("jarm", "query.jwt", ResponseMode(_query, "JARM §2.3.1", is_jwt=True)),
    ("jarm", "fragment.jwt", ResponseMode(_fragment, "JARM §2.3.2", is_jwt=True)),
    ("jarm", "form_post.jwt", ResponseMode(_form_post, "JARM §2.3.3", is_jwt=True)),
    ("jarm", "jwt", ResponseMode(None, "JARM §2.3.4", is_jwt=True)),
)
# A token in a query would stand in histories, logs and Referer headers; ``token`` alone has no row (RFC 9700 §2.1.2).
# JARM §2.3.1 would allow it in an encrypted JWT; an address that long breaks in enough places to leave it out.
_NEVER_IN_A_QUERY: Final = frozenset({"query", "query.jwt"})
_TYPES: Final = (
    ("authorization_code", "code", ResponseType("query", frozenset(), "RFC 6749 §4.1.1")),
    ("implicit", "id_token", ResponseType("fragment", _NEVER_IN_A_QUERY, "OpenID Connect Core §3.2")),
    ("implicit", "id_token token", ResponseType("fragment", _NEVER_IN_A_QUERY, "OpenID Connect Core §3.2")),
    ("hybrid", "code id_token", ResponseType("fragment", _NEVER_IN_A_QUERY, "OpenID Connect Core §3.3")),
    ("hybrid", "code token", ResponseType("fragment", _NEVER_IN_A_QUERY, "OpenID Connect Core §3.3")),
    ("hybrid", "code id_token token", ResponseType("fragment", _NEVER_IN_A_QUERY, "OpenID Connect Core §3.3")),
)

RESPONSE_MODES: Final[Mapping[str, ResponseMode]] = MappingProxyType(
    {name: row for feature, name, row in _MODES if getattr(settings.FEATURES, feature)}
)
RESPONSE_TYPES: Final[Mapping[str, ResponseType]] = MappingProxyType(
    {name: row for feature, name, row in _TYPES if getattr(settings.FEATURES, feature)}
)

# Where an error goes when no row applies: the default mode of OAuth is always understood (RFC 6749 §4.1.2.1).
_LAST_RESORT: Final = {"query": _query, "fragment": _fragment}


def canonical(response_type: str) -> str:
    """A response type with its values in alphabetical order: their order does not matter (RFC 6749 §3.1.1)."""
    return " ".join(sorted(response_type.split(" ")))


def mode_for(response_mode: str | None, response_type: str | None) -> str:
    """The mode in which to answer, errors of a malformed request included.

    Args:
        response_mode: as asked for, or None.
        response_type: as asked for, or None.
    """
    kind = RESPONSE_TYPES.get(canonical(response_type or ""))
    row = RESPONSE_MODES.get(response_mode or "")
    forbidden = kind.forbidden_modes if kind else frozenset[str]()
    if response_mode is not None and row and row.answer and response_mode not in forbidden:
        return response_mode
    # Who asked for a JWT reads nothing else, errors too (JARM §2.3.4).
    form = ".jwt" if row and row.is_jwt else ""
    if kind is not None:
        return kind.default_mode + form
    # A client that asks for tokens up front reads the fragment, errors too (RFC 6749 §4.2.2.1).
    return ("fragment" if {"token", "id_token"} & set((response_type or "").split(" ")) else "query") + form


def is_jwt(mode: str) -> bool:
    """Whether an answer in this mode is one JWT (JARM §2)."""
    return mode in RESPONSE_MODES and RESPONSE_MODES[mode].is_jwt


def answer(mode: str, redirect_uri: str, members: dict[str, str]) -> Answer:
    """Shape an answer.

    Args:
        mode: what ``mode_for`` said.
        redirect_uri: the registered address; never anything else.
        members: of the answer, ``iss`` and ``state`` included.
    """
    row = RESPONSE_MODES.get(mode)
    send = (row and row.answer) or _LAST_RESORT[mode]
    return send(redirect_uri, members)

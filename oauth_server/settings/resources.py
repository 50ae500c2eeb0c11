"""What the file that ``RESOURCES`` names says of APIs: who may ask for tokens for them, and what those tokens look like.

``{"https://*.apis.example": {"any_client": true, "access_token_typ": "JWT", "access_token_claims": ["email"]}}``. A key is an
identifier, or a pattern in which each ``*`` stands for letters, digits and ``. _ ~ -``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from oauth_server.settings.nearest import did_you_mean

_IDENTIFIER: Final = re.compile(r"[\x21-\x7e]{1,2048}")
_STAR: Final = "[A-Za-z0-9._~-]+"
_OPTIONS: Final = {"any_client", "access_token_typ", "access_token_claims"}


@dataclass(frozen=True, slots=True)
class Resource:
    """One API, or all that a pattern names.

    Attributes:
        any_client: whether a client may ask for it (RFC 8707 §2) that does not have it in its ``audience``.
        access_token_typ: the type of JWTs for it; empty when the client's registration says.
        access_token_claims: what JWTs for it say of a person whose consent covers that.
    """

    any_client: bool = False
    access_token_typ: str = ""
    access_token_claims: frozenset[str] = frozenset()


UNKNOWN: Final = Resource()


@dataclass(frozen=True, slots=True)
class Resources:
    """All of them."""

    exact: Mapping[str, Resource] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], Resource], ...] = ()

    def claims(self) -> frozenset[str]:
        """Every claim that any of them wants."""
        known = (*self.exact.values(), *(resource for _, resource in self.patterns))
        return frozenset(claim for resource in known for claim in resource.access_token_claims)

    def find(self, identifier: str) -> Resource:
        """What the file says of an API: its own entry, else the first pattern that fits, else nothing special."""
        found = self.exact.get(identifier)
        if found is not None:
            return found
        return next((resource for pattern, resource in self.patterns if pattern.fullmatch(identifier)), UNKNOWN)


def read(file: Path) -> Resources:
    """Read the file.

    Raises:
        ValueError: it cannot be read, or says something that has no meaning.
    """
    given = read_json(file)
    if not isinstance(given, dict):
        raise ValueError("must be a JSON object of APIs, by identifier")  # noqa: TRY004  # one kind of error stops the start
    known = {name: _resource(name, options) for name, options in given.items()}
    return Resources(
        {name: resource for name, resource in known.items() if "*" not in name},
        tuple((_compile(name), resource) for name, resource in known.items() if "*" in name),
    )


def read_json(file: Path) -> Any:
    """What a JSON file holds.

    Raises:
        ValueError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"names {file}, which cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"names {file}, which is no JSON: {error}") from None


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(_STAR.join(re.escape(part) for part in pattern.split("*")))


def _resource(name: str, options: Any) -> Resource:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"has a key that is no identifier: {name[:100]!r}")
    if not isinstance(options, dict):
        raise ValueError(f"must have an object for {name}, such as {{}}")  # noqa: TRY004  # one kind of error stops the start
    if foreign := sorted(options.keys() - _OPTIONS):
        raise ValueError(f"says of {name} what is not known: {foreign[0]}.{did_you_mean(foreign[0], _OPTIONS)}")
    claims = options.get("access_token_claims", [])
    if options.get("any_client", False) not in (True, False):
        raise ValueError(f"must say true or false for any_client of {name}")
    if options.get("access_token_typ", "at+jwt") not in ("at+jwt", "JWT"):
        raise ValueError(f"must say at+jwt or JWT for access_token_typ of {name}")
    if not isinstance(claims, list) or not all(isinstance(claim, str) for claim in claims):
        raise ValueError(f"must list names for access_token_claims of {name}")
    return Resource(bool(options.get("any_client")), options.get("access_token_typ", ""), frozenset(claims))

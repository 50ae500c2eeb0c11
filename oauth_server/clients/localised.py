"""What a client calls itself in the reader's language (RFC 7591 §2.2, OpenID Connect Registration §2.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def said(metadata: Mapping[str, Any], member: str, language: str) -> str:
    """The value of a member in a language: the closest tag (RFC 4647 §3.4), else the one without a tag; empty without either.

    Args:
        metadata: as registered, ``member#language`` among it.
        member: such as ``client_name``.
        language: of the reader, such as ``de-AT``.
    """
    tagged = {name.lower(): value for name, value in metadata.items() if name.startswith(f"{member}#")}
    for wanted in _ever_wider(language.lower().replace("_", "-")):
        if isinstance(value := tagged.get(f"{member}#{wanted}"), str) and value:
            return value
    value = metadata.get(member)
    return value if isinstance(value, str) else ""


def _ever_wider(language: str) -> Iterator[str]:
    parts = language.split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()
        # RFC 4647 §3.4: a single letter begins an extension and means nothing alone.
        if parts and len(parts[-1]) == 1:
            parts.pop()

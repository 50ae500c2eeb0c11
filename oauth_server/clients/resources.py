"""For which APIs anybody may ask for tokens, as the operator's file says (RFC 8707 §2)."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from oauth_server.protocol import resources


def admit(asked: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """The resources that a new grant is asked for.

    Args:
        asked: values of ``resource``.
        allowed: those that the client may have besides the ones that are open to any client.

    Raises:
        InvalidTarget: one that it may not have.
    """
    return resources.choose(asked, allowed, _is_open)


def _is_open(resource: str) -> bool:
    return bool(settings.RESOURCES.find(resource).any_client)

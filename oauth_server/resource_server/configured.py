"""The verifier of a Django project, from its settings.

``GATEHOUSE_RESOURCE_SERVER`` is a dictionary:

======================  ========================================================================================
``ISSUER``              whose tokens are believed; without it the API runs inside the server
``AUDIENCE``            the name or names of this API
``INTROSPECT``          true asks the issuer about every token instead of verifying offline
``CLIENT_ID``           of this resource server, for introspection
``CLIENT_SECRET``       of this resource server, for introspection
``CACHE_SECONDS``       how long an active introspection answer is believed (default 0)
``ACCEPT_TYP_JWT``      true accepts JWT access tokens of type ``JWT`` beside ``at+jwt`` (default false)
``CA_FILE``             certificates to trust instead of the system's
======================  ========================================================================================
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from oauth_server.resource_server.token import Verifier
from oauth_server.resource_server.verify import AT_JWT, TokenVerifier, http_client

NAME: Final = "GATEHOUSE_RESOURCE_SERVER"
KNOWN: Final = frozenset(
    {"ISSUER", "AUDIENCE", "INTROSPECT", "CLIENT_ID", "CLIENT_SECRET", "CACHE_SECONDS", "ACCEPT_TYP_JWT", "CA_FILE"}
)


@cache
def verifier() -> Verifier:
    """The project's verifier, built once.

    Raises:
        ImproperlyConfigured: an unknown or a missing key.
    """
    given: dict[str, Any] = getattr(settings, NAME, {})
    unknown = set(given) - KNOWN
    if unknown:
        raise ImproperlyConfigured(f"{NAME} has unknown keys: {', '.join(sorted(unknown))}.")
    if "ISSUER" not in given:
        # Only here are the server's models needed, so other projects never import them.
        from oauth_server.resource_server import in_process  # noqa: PLC0415

        return in_process.verifier(given.get("AUDIENCE", ""))
    wanted = {"ISSUER", "AUDIENCE"} | ({"CLIENT_ID", "CLIENT_SECRET"} if given.get("INTROSPECT") else set())
    missing = {key for key in wanted if not given.get(key)}
    if missing:
        raise ImproperlyConfigured(f"{NAME} lacks {', '.join(sorted(missing))}.")
    client = http_client(given.get("CA_FILE", ""))
    if given.get("INTROSPECT"):
        return TokenVerifier.introspecting(
            given["ISSUER"],
            given["AUDIENCE"],
            client_id=given["CLIENT_ID"],
            client_secret=given["CLIENT_SECRET"],
            client=client,
            cache_seconds=given.get("CACHE_SECONDS", 0),
        )
    types = AT_JWT | {"JWT"} if given.get("ACCEPT_TYP_JWT") else AT_JWT
    return TokenVerifier.offline(given["ISSUER"], given["AUDIENCE"], client=client, types=types)


def _forget(*, setting: str, **_: object) -> None:
    if setting == NAME:
        verifier.cache_clear()


setting_changed.connect(_forget, dispatch_uid=NAME)

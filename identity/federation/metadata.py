"""What a provider says of itself (OpenID Connect Discovery 1.0 §4), and the keys that it signs with. Kept between two looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from identity.federation.connection import Connection
from identity.federation.refusal import Reason, Refused
from oauth_server.jose.algorithms import ASYMMETRIC
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.key_sets import KeySet
from oauth_server.outbound.kept import Kept

WELL_KNOWN: Final = "/.well-known/openid-configuration"
_NO_KEYS: Final = KeySet(())


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider, as it describes itself.

    Attributes:
        issuer: its identifier; with the mark of a tenant for a provider that has tenants.
        endpoints: by their names in the discovery document.
        auth_methods: how a token endpoint lets us authenticate; empty when it does not say.
        algorithms: what its ID tokens may be signed with; empty when it does not say.
        prompts: values of ``prompt`` that it knows (Initiating User Registration 1.0 §4); empty when it does not say.
        names_itself: whether it puts ``iss`` into every answer (RFC 9207 §3).
    """

    issuer: str
    endpoints: Mapping[str, str]
    auth_methods: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    names_itself: bool = False
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def endpoint(self, name: str) -> str:
        """Its address, empty when it has none."""
        return self.endpoints.get(name, "")


_ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)


def _parse(body: bytes) -> Mapping[str, Any]:
    return parse_object(body)


def _parse_keys(body: bytes) -> KeySet:
    return KeySet.from_jwks(parse_object(body))


_documents: Final[Kept[Mapping[str, Any]]] = Kept("upstream:metadata", _parse, {}, "application/json")
_key_sets: Final = Kept("upstream:key_set", _parse_keys, _NO_KEYS, "application/jwk-set+json, application/json")


def forget() -> None:
    """Drop what this process keeps; between tests."""
    _documents.forget()
    _key_sets.forget()


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _discovered(made: Connection, now: datetime) -> Mapping[str, Any]:
    document = _documents.get(made.issuer.rstrip("/") + WELL_KNOWN, lambda found: not found, now)
    if not document:
        raise Refused(Reason.UNREACHABLE, "Its discovery document cannot be had.")
    issuer = document.get("issuer")
    # Discovery §4.3: whoever answers at the address must be the one who was asked for, or one provider could speak for another.
    expected = made.tenant_pattern if made.preset.tenant else made.issuer
    if issuer not in (made.issuer, expected):
        raise Refused(Reason.MISCONFIGURED, "Its discovery document names another issuer.")
    return document


def metadata_of(made: Connection, now: datetime) -> Metadata:
    """What a provider says of itself; where the operator or the preset names every endpoint, nothing is fetched.

    Raises:
        Refused: it cannot be reached, or is somebody else.
    """
    given = made.endpoints
    if "authorization_endpoint" in given and "token_endpoint" in given:
        return Metadata(made.issuer, given)
    document = _discovered(made, now)
    found = {name: value for name in _ENDPOINTS if isinstance(value := document.get(name), str)}
    return Metadata(
        issuer=str(document["issuer"]),
        endpoints={**found, **given},
        auth_methods=_texts(document.get("token_endpoint_auth_methods_supported")),
        algorithms=_texts(document.get("id_token_signing_alg_values_supported")),
        prompts=_texts(document.get("prompt_values_supported")),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        said=document,
    )


def keys_of(metadata: Metadata, kid: str | None, now: datetime) -> KeySet:
    """The keys of a provider; looked at again when a token names one that is not among them.

    Args:
        metadata: of the provider.
        kid: as the token names it.
        now: aware UTC.
    """
    address = metadata.endpoint("jwks_uri")
    if not address:
        return _NO_KEYS

    def lacks_it(keys: KeySet) -> bool:
        return not len(keys) or (kid is not None and all(key.kid != kid for key in keys.keys))

    return _key_sets.get(address, lacks_it, now)


def accepted_algorithms(metadata: Metadata) -> frozenset[str]:
    """What an ID token or logout token may be signed with: never ``none``, never our secret (RFC 8725 §3.1)."""
    return ASYMMETRIC & set(metadata.algorithms) if metadata.algorithms else ASYMMETRIC

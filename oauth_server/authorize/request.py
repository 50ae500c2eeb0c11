"""An authorization request as one frozen value (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

It is made once, from parameters that all checks have passed; everything after works with it, and an Interaction stores it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from identity.claims import SCOPE_CLAIMS
from oauth_server.authorize import response_modes
from oauth_server.clients.client import RegisteredClient
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.errors import JoseError
from oauth_server.protocol import claims_request, pkce, scopes
from oauth_server.protocol import parameters as front_door
from oauth_server.protocol.errors import InvalidRequest
from oauth_server.protocol.parameters import Limits, Parameters

# Where an error goes, of a request that the front door refused.
_ADDRESS: Final = frozenset({"client_id", "redirect_uri", "state", "response_mode", "response_type", "prompt"})
# What every ID token says anyway: nothing about a person that a consent would be about (OpenID Connect Core §2).
OF_THE_SIGN_IN: Final = frozenset({"sub", "acr", "auth_time"})
_MOST_SALVAGED: Final = 10


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """What a client asks for; every value has been judged.

    Attributes:
        redirect_uri: where the answer goes.
        redirect_uri_given: whether the request named it: only then must the token request repeat it (RFC 6749 §4.1.3).
        scope: what is asked for and may be granted, in the order asked.
        max_age: seconds, or None.
        hinted_subject: the ``sub`` of a verified ``id_token_hint``; empty without one.
        resource: for which servers tokens are wanted (RFC 8707 §2).
        claims: the ``claims`` parameter in the normal form of ``protocol.claims_request``.
    """

    client_id: str
    redirect_uri: str
    redirect_uri_given: bool
    response_type: str
    response_mode: str
    scope: tuple[str, ...]
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    prompt: tuple[str, ...]
    max_age: int | None
    login_hint: str
    hinted_subject: str
    display: str
    ui_locales: tuple[str, ...]
    claims_locales: tuple[str, ...]
    acr_values: tuple[str, ...]
    resource: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_openid(self) -> bool:
        """Whether this is an OpenID request (OpenID Connect Core §3.1.2.1)."""
        return "openid" in self.scope

    @property
    def extra_claims(self) -> tuple[str, ...]:
        """What is asked of the person by name beyond what the scope says already (OpenID Connect Core §5.5)."""
        covered = OF_THE_SIGN_IN.union(*(SCOPE_CLAIMS.get(scope, ()) for scope in self.scope))
        return tuple(name for name in claims_request.names(self.claims, *claims_request.PLACES) if name not in covered)

    @property
    def named_subjects(self) -> tuple[frozenset[str], ...]:
        """Who it must be: each set names the subjects that would do (OpenID Connect Core §3.1.2.2, §5.5.1)."""
        asked = (claims_request.values(self.claims, place, "sub") for place in claims_request.PLACES)
        named = [frozenset(map(str, values)) for values in asked if values]
        return (frozenset({self.hinted_subject}), *named) if self.hinted_subject else tuple(named)

    @property
    def essential_acr(self) -> tuple[str, ...]:
        """The levels of which the sign-in must reach one, or the request fails (OpenID Connect Core §5.5.1.1)."""
        if not claims_request.is_essential(self.claims, claims_request.ID_TOKEN, "acr"):
            return ()
        return tuple(map(str, claims_request.values(self.claims, claims_request.ID_TOKEN, "acr")))

    @property
    def preferred_acr(self) -> tuple[str, ...]:
        """The levels that the client would like to read, in its order; the ``claims`` parameter says it best."""
        return tuple(map(str, claims_request.values(self.claims, claims_request.ID_TOKEN, "acr"))) or self.acr_values

    def to_json(self) -> dict[str, Any]:
        """What an Interaction stores."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> AuthorizeRequest:
        """What an Interaction stored; JSON has lists where the value has tuples."""
        values: dict[str, Any] = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        return cls(**values)


def claims_asked(parameters: Parameters, client: RegisteredClient) -> Mapping[str, Any]:
    """The ``claims`` parameter (OpenID Connect Core §5.5), less what no scope of the client would give it.

    Raises:
        InvalidRequest: it is no claims request.
    """
    text = parameters.get("claims")
    if text is None:
        return {}
    try:
        document = parse_object(text.encode())
    except JoseError as error:
        raise InvalidRequest("The claims parameter is malformed.", detail=str(error)) from None
    allowed = OF_THE_SIGN_IN.union(*(SCOPE_CLAIMS.get(scope, ()) for scope in client.scope))
    return claims_request.read(document, allowed)


def granted_scope(asked: str | None, client: RegisteredClient, response_type: str = "code") -> tuple[str, ...]:
    """The scope that a request is about.

    What the client may not ask for has been refused or is dropped here, as its profile says. A request without scope means
    all that the client is registered for, but for what has to be asked for by name (RFC 6749 §3.3: a documented default).
    ``offline_access`` is dropped where no refresh token could follow (OpenID Connect Core §11).
    """
    wanted = scopes.parse(asked) if asked else tuple(sorted(client.scope - {"openid", "offline_access"}))
    refreshes = "refresh_token" in client.grant_types and "code" in response_type.split(" ")
    allowed = client.scope if refreshes else client.scope - {"offline_access"}
    return tuple(scope for scope in wanted if scope in allowed)


def read(
    parameters: Parameters, client: RegisteredClient, redirect_uri: str, hinted_subject: str = ""
) -> AuthorizeRequest:
    """Make the value, from parameters that passed ``checks``.

    Args:
        parameters: as received.
        client: who asks.
        redirect_uri: what ``checks.destination`` found.
        hinted_subject: the person that a verified ``id_token_hint`` names.
    """

    def words(name: str) -> tuple[str, ...]:
        return tuple(word for word in parameters.get(name, "").split(" ") if word)

    response_type = response_modes.canonical(parameters.get("response_type", ""))
    challenge = parameters.get("code_challenge", "")
    return AuthorizeRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        redirect_uri_given="redirect_uri" in parameters,
        response_type=response_type,
        response_mode=response_modes.mode_for(parameters.get("response_mode"), response_type),
        scope=granted_scope(parameters.get("scope"), client, response_type),
        state=parameters.get("state", ""),
        nonce=parameters.get("nonce", ""),
        code_challenge=challenge,
        code_challenge_method=parameters.get("code_challenge_method", pkce.PLAIN) if challenge else "",
        prompt=words("prompt"),
        # OpenID Connect Registration §2: what the request says goes before the registered default.
        max_age=int(parameters["max_age"]) if "max_age" in parameters else client.metadata.get("default_max_age"),
        login_hint=parameters.get("login_hint", ""),
        hinted_subject=hinted_subject,
        display=parameters.get("display", ""),
        ui_locales=words("ui_locales"),
        claims_locales=words("claims_locales"),
        acr_values=words("acr_values") or tuple(client.metadata.get("default_acr_values", ())),
        resource=tuple(dict.fromkeys(parameters.all("resource"))),
        claims=claims_asked(parameters, client),
    )


def salvage(raw: bytes, limits: Limits) -> Parameters:
    """From a request that the front door refused, only what says where the error goes.

    Empty when ``client_id`` or ``redirect_uri`` is itself spoiled: twice there, or malformed. Then nothing may be redirected.

    Args:
        raw: the octets as received.
        limits: of the front door.
    """
    kept: dict[str, str] = {}
    spoiled: set[str] = set()
    parts_at_most = _MOST_SALVAGED * limits.count
    received = raw.split(b"&", parts_at_most) if len(raw) <= limits.body else []
    # Whoever sends thousands of fields wants us to work, not to be told where they went wrong.
    for part in received if len(received) <= parts_at_most else ():
        try:
            name = next(iter(front_door.parse(part.partition(b"=")[0] + b"=1", limits)), "")
        except InvalidRequest:
            continue
        if name not in _ADDRESS:
            continue
        if name in kept:
            spoiled.add(name)
        try:
            kept[name] = front_door.parse(part, limits).get(name, "")
        except InvalidRequest:
            spoiled.add(name)
    if spoiled & {"client_id", "redirect_uri"} or not kept.get("redirect_uri"):
        return Parameters({})
    return Parameters({name: value for name, value in kept.items() if value and name not in spoiled})

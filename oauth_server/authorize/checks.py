"""CHECKS: what an authorization request must pass, in order. The table is the program.

First the destination (client and redirect URI): while it is in doubt nothing is ever redirected, the error is shown here.
Every later error travels to the client with ``iss`` and ``state`` (RFC 6749 §4.1.2.1, RFC 9207 §2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from oauth_server.authorize import request as requests
from oauth_server.authorize.prompts import PROMPTS
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES, canonical
from oauth_server.clients import registry, resources
from oauth_server.clients.client import RegisteredClient
from oauth_server.protocol import pkce, scopes, uris
from oauth_server.protocol.errors import (
    InvalidRequest,
    InvalidScope,
    OAuthError,
    RegistrationNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens import id_token_hint
from oauth_server.tokens.access_token import resources_of

_MAX_AGE: Final = re.compile(r"[0-9]{1,10}")
# The columns that keep it until the token request are this wide.
_LONGEST_NONCE: Final = 255


class UnknownClient(InvalidRequest):
    """The request names no client that may ask: shown here, never redirected."""


class WrongRedirectURI(InvalidRequest):
    """The redirect URI is missing or not registered: shown here, never redirected.

    ``client`` is whose developer finds the refusal in the portal.
    """

    client: RegisteredClient | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where answers may go: a client that exists and an address that it registered."""

    client: RegisteredClient
    redirect_uri: str


class Check(NamedTuple):
    """A row of CHECKS: it raises, or is silent."""

    name: str
    judge: Callable[[Parameters, RegisteredClient], None]
    source: str


def asker(parameters: Parameters) -> RegisteredClient:
    """Who asks.

    Raises:
        UnknownClient: no such client, or it is disabled.
    """
    client_id = parameters.get("client_id")
    if client_id is None:
        raise UnknownClient("The parameter client_id is missing.")
    client = registry.get(client_id)
    if client is None or not client.is_active:
        raise UnknownClient(
            "The client_id is invalid: no such application is registered here, or it was disabled.",
            detail="unknown" if client is None else "disabled",
        )
    return client


def destination(parameters: Parameters, client: RegisteredClient) -> Destination:
    """Where the answer goes.

    Raises:
        WrongRedirectURI: none given where one is needed, or not a registered one.
    """
    try:
        return Destination(client, _redirect_uri(parameters, client))
    except WrongRedirectURI as error:
        error.client = client
        raise


def _redirect_uri(parameters: Parameters, client: RegisteredClient) -> str:
    given = parameters.get("redirect_uri")
    if given is None:
        # OpenID Connect Core §3.1.2.1 requires it; plain OAuth 2.0 lets a client leave out its only one (RFC 6749 §3.1.2.3).
        openid = "openid" in parameters.get("scope", "").split(" ")
        if openid or client.profile.redirect_uri_required or len(client.redirect_uris) != 1:
            raise WrongRedirectURI("The parameter redirect_uri is missing.")
        return client.redirect_uris[0]
    if not uris.matches(given, client.redirect_uris):
        raise WrongRedirectURI(
            "The redirect_uri is invalid: it is not one that this application registered.",
            hint="Register the URI exactly as it is sent: same scheme, host, port, path and query.",
            detail=given[:300],
        )
    return given


def stands(asked: AuthorizeRequest, client: RegisteredClient | None) -> Destination:
    """The destination of a stored request, which may have been unregistered while the person was away.

    Raises:
        UnknownClient: the client is gone or disabled.
        WrongRedirectURI: the address is registered no longer.
    """
    if client is None or not client.is_active:
        raise UnknownClient("The application that asked was disabled in the meantime.")
    if not uris.matches(asked.redirect_uri, client.redirect_uris):
        raise WrongRedirectURI("The redirect_uri is invalid: the application has unregistered it in the meantime.")
    return Destination(client, asked.redirect_uri)


def _absent(name: str, error: type[OAuthError]) -> Callable[[Parameters, RegisteredClient], None]:
    def judge(parameters: Parameters, _: RegisteredClient) -> None:
        if name in parameters:
            raise error(f"The parameter {name} is not supported.")

    return judge


def _response_type(parameters: Parameters, client: RegisteredClient) -> None:
    asked = canonical(parameters.required("response_type"))
    if asked not in RESPONSE_TYPES:
        raise UnsupportedResponseType(f"The response_type {asked[:100]} is not supported.")
    if asked not in client.profile.response_types:
        raise UnauthorizedClient(f"The security profile of this client does not allow response_type {asked}.")
    if asked not in {canonical(registered) for registered in client.response_types}:
        raise UnauthorizedClient(f"This client is not registered for response_type {asked}.")
    words = asked.split(" ")
    if "code" in words and "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("This client is not registered for the authorization_code grant.")
    if words != ["code"] and "implicit" not in client.grant_types:
        raise UnauthorizedClient("This client is not registered for the implicit grant.")


def _response_mode(parameters: Parameters, _: RegisteredClient) -> None:
    mode = parameters.get("response_mode")
    if mode is None:
        return
    if mode not in RESPONSE_MODES:
        raise InvalidRequest(f"The response_mode {mode[:100]} is not supported.")
    if mode in RESPONSE_TYPES[canonical(parameters["response_type"])].forbidden_modes:
        raise InvalidRequest(f"The response_mode {mode} is not allowed with this response_type.")


def _pkce(parameters: Parameters, client: RegisteredClient) -> None:
    if "code" not in _words(parameters):
        return
    challenge = parameters.get("code_challenge")
    if challenge is None:
        if "code_challenge_method" in parameters:
            raise InvalidRequest("The code_challenge is missing although code_challenge_method is there.")
        if client.pkce_required:
            raise InvalidRequest(
                "The code_challenge is missing: this client must use PKCE.",
                hint="Send code_challenge=BASE64URL(SHA256(code_verifier)) and code_challenge_method=S256.",
            )
        return
    method = parameters.get("code_challenge_method", pkce.PLAIN)
    pkce.check_challenge(challenge, method, client.profile.code_challenge_methods)


def _scope(parameters: Parameters, client: RegisteredClient) -> None:
    asked = scopes.parse(parameters.get("scope", ""))
    excess = [scope for scope in asked if scope not in client.scope]
    # OpenID Connect Core §3.1.2.1: scope values that are not understood SHOULD be ignored; OAuth 2.1 clients want to know.
    if excess and not client.profile.ignores_unknown_scopes:
        raise InvalidScope(f"This client may not ask for the scope {excess[0]}.")
    if asked and len(excess) == len(asked):
        raise InvalidScope("This client may ask for none of these scopes.")
    if "id_token" in _words(parameters) and "openid" not in asked:
        raise InvalidScope("An ID token takes the scope openid.")


def _prompt(parameters: Parameters, _: RegisteredClient) -> None:
    asked = [word for word in parameters.get("prompt", "").split(" ") if word]
    for word in asked:
        if word not in PROMPTS:
            raise InvalidRequest(f"The prompt {word[:100]} is not supported.")
    if "none" in asked and len(set(asked)) > 1:
        raise InvalidRequest("The prompt none stands alone or not at all.")


def _max_age(parameters: Parameters, _: RegisteredClient) -> None:
    if "max_age" in parameters and not _MAX_AGE.fullmatch(parameters["max_age"]):
        raise InvalidRequest("The max_age must be a number of seconds.")


def _words(parameters: Parameters) -> list[str]:
    return parameters.get("response_type", "").split(" ")


def _nonce(parameters: Parameters, _: RegisteredClient) -> None:
    # An ID token at the front channel could be another browser's; only the nonce tells (§3.2.2.1, §3.3.2.1, §16.9).
    if "id_token" in _words(parameters) and "nonce" not in parameters:
        raise InvalidRequest("The nonce is missing: this response_type hands out an ID token.")
    if len(parameters.get("nonce", "")) > _LONGEST_NONCE:
        raise InvalidRequest(f"The nonce is longer than {_LONGEST_NONCE} characters.")


def _claims(parameters: Parameters, client: RegisteredClient) -> None:
    requests.claims_asked(parameters, client)


def _resource(parameters: Parameters, client: RegisteredClient) -> None:
    resources.admit(parameters.all("resource"), resources_of(client))


CHECKS: Final = (
    Check("registration", _absent("registration", RegistrationNotSupported), "OpenID Connect Core §7.2.1"),
    Check("response_type", _response_type, "RFC 6749 §3.1.1"),
    Check("response_mode", _response_mode, "OAuth 2.0 Multiple Response Types §2.1"),
    Check("scope", _scope, "RFC 6749 §3.3"),
    Check("resource", _resource, "RFC 8707 §2"),
    Check("prompt", _prompt, "OpenID Connect Core §3.1.2.1"),
    Check("max_age", _max_age, "OpenID Connect Core §3.1.2.1"),
    Check("nonce", _nonce, "OpenID Connect Core §15.5.2"),
    Check("claims", _claims, "OpenID Connect Core §5.5"),
    Check("pkce", _pkce, "RFC 7636 §4.4.1"),
)


def judge(parameters: Parameters, where: Destination, now: datetime) -> AuthorizeRequest:
    """Run the table, then make the value that everything after works with.

    Args:
        parameters: as received.
        where: what ``destination`` found.
        now: aware UTC.

    Raises:
        OAuthError: the first check that failed; it may travel to the client.
    """
    for check in CHECKS:
        check.judge(parameters, where.client)
    hinted_subject = ""
    if (hint := parameters.get("id_token_hint")) is not None:
        hinted_subject = id_token_hint.read(hint, now, audience=where.client).subject
    return requests.read(parameters, where.client, where.redirect_uri, hinted_subject)

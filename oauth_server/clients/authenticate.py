"""Who sends this request (RFC 6749 §2.3, RFC 7523 §2.2, OpenID Connect Core §9).

Exactly one credential may stand in a request; it is found here and judged by its row of ``CLIENT_AUTH_METHODS``.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.methods import CLIENT_AUTH_METHODS, assertion, may_use
from oauth_server.clients.methods.presented import Presented
from oauth_server.protocol.errors import InvalidClient, InvalidRequest
from oauth_server.protocol.parameters import Parameters

_LONGEST_BASIC: Final = 8_192
_TOKEN68: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_FORM_ENCODED: Final = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries that may say who sends it.

    Attributes:
        authorization: the Authorization header, None when absent.
        parameters: the form, as the front door read it.
        endpoint: the URL that the request came to, as discovery prints it.
        certificate: the client certificate that the TLS layer verified, PEM; None when absent.
    """

    authorization: str | None = field(repr=False)
    parameters: Parameters = field(repr=False)
    endpoint: str
    certificate: str | None = field(default=None, repr=False)


def authenticate(credentials: Credentials, now: datetime) -> RegisteredClient:
    """The client that sent the request.

    Raises:
        InvalidClient: no credential, a malformed or a wrong one; unknown, disabled and mistaken look alike (RFC 6749 §5.2).
        InvalidRequest: two credentials, or two names that differ.
    """
    presented = _find(credentials)
    client = registry.get(presented.client_id)
    method = next(
        (CLIENT_AUTH_METHODS[name] for name in presented.methods if client is not None and may_use(client, name)), None
    )
    # The proof is worked out before anything is said about the client: an unknown name, a disabled client and a wrong
    # secret take the same path and time (scorecard T-01).
    judge = method or next((row for name, row in CLIENT_AUTH_METHODS.items() if name in presented.methods), None)
    why = judge.prove(presented, client, now) if judge is not None else "no method takes this credential"
    if client is None:
        raise _refused("unknown client")
    if method is None:
        registered = client.token_endpoint_auth_method
        raise _refused(f"the client registered {registered}", client, f"This client is registered for {registered}.")
    if why:
        raise _refused(why, client, "The credential is wrong, or was replaced and is over.")
    if not client.is_active:
        raise _refused("the client is disabled", client, "This client is disabled.")
    return client


def _refused(detail: str, client: RegisteredClient | None = None, hint: str = "") -> InvalidClient:
    advice = "Send the credential of the method that the client is registered for, and only that."
    error = InvalidClient(hint=f"{hint} {advice}".strip(), detail=detail)
    error.client_id = client.client_id if client is not None else ""
    return error


def _find(credentials: Credentials) -> Presented:
    """The one credential of a request."""
    parameters = credentials.parameters
    found = [
        find(credentials)
        for is_there, find in (
            (credentials.authorization is not None, _basic),
            ("client_secret" in parameters, _post),
            ("client_assertion" in parameters or "client_assertion_type" in parameters, _assertion),
        )
        if is_there
    ]
    if len(found) > 1:
        raise InvalidRequest("The request has more than one client credential (RFC 6749 section 2.3).")
    if not found:
        if "client_id" not in parameters:
            raise InvalidClient("The request has no client authentication.")
        return Presented(parameters["client_id"], frozenset({"none"}))
    named = parameters.get("client_id")
    if named is not None and named != found[0].client_id:
        raise InvalidRequest("client_id differs from the client that authenticates.")
    return found[0]


def _post(credentials: Credentials) -> Presented:
    client_id = credentials.parameters.get("client_id")
    if client_id is None:
        raise InvalidClient("client_secret stands without client_id.")
    return Presented(client_id, frozenset({"client_secret_post"}), secrets=(credentials.parameters["client_secret"],))


def _assertion(credentials: Credentials) -> Presented:
    parameters = credentials.parameters
    if parameters.required("client_assertion_type") != assertion.TYPE:
        raise InvalidRequest("The client_assertion_type is not supported.")
    return assertion.read(parameters.required("client_assertion"), credentials.endpoint)


def _basic(credentials: Credentials) -> Presented:
    client_id, secrets = read_basic(credentials.authorization or "")
    return Presented(client_id, frozenset({"client_secret_basic"}), secrets=secrets)


def read_basic(header: str) -> tuple[str, tuple[str, ...]]:
    """Client identifier and readings of the secret in an Authorization header (RFC 7617 §2, RFC 6749 §2.3.1).

    RFC 6749 form-encodes each half, and many clients do not. Where the two readings of a secret differ, either may be the
    right one. An identifier is read as an encoding when it is one.

    Raises:
        InvalidClient: another scheme, or malformed.
    """
    scheme, _, encoded = header.strip(" ").partition(" ")
    encoded = encoded.strip(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("The Authorization header must use the Basic scheme.")
    if len(encoded) > _LONGEST_BASIC or not _TOKEN68.fullmatch(encoded):
        raise InvalidClient("The Basic credentials are malformed.")
    try:
        octets = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise InvalidClient("The Basic credentials are malformed.") from None
    try:
        client_id, colon, secret = octets.decode("utf-8").partition(":")
    except UnicodeDecodeError:
        raise InvalidClient("The Basic credentials are not valid UTF-8.") from None
    if not colon:
        raise InvalidClient("The Basic credentials have no colon.")
    decoded_id, decoded_secret = _form_decoded(client_id), _form_decoded(secret)
    readings = (secret,) if decoded_secret in {None, secret} else (decoded_secret or "", secret)
    return client_id if decoded_id is None else decoded_id, readings


def _form_decoded(text: str) -> str | None:
    """What ``text`` is the form encoding of; None when it is no such encoding."""
    if not _FORM_ENCODED.fullmatch(text):
        return None
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return None

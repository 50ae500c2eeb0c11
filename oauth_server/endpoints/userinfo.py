"""The userinfo endpoint (OpenID Connect Core §5.3): a bearer token in the header, or in the form of a POST; never in the query."""

from __future__ import annotations

import json
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from oauth_server.clients import encryption
from oauth_server.endpoints.base import form_parameters, json_response, protocol_endpoint
from oauth_server.models.standing import Person
from oauth_server.protocol import parameters as front_door
from oauth_server.protocol.errors import InsufficientScope, InvalidRequest, InvalidToken
from oauth_server.tokens.access_token import OPENID, userinfo_endpoint
from oauth_server.tokens.claims import in_userinfo
from oauth_server.tokens.find import ACCESS, Found, find
from oauth_server.tokens.id_token import JWT_TYPE, signer_for


class NoToken(InvalidToken):
    """No token at all: the challenge carries no error code (RFC 6750 §3.1)."""

    unauthenticated = True


def bearer_token(request: HttpRequest) -> str:
    """The one token that a request carries (RFC 6750 §2.1, §2.2).

    Raises:
        InvalidRequest: two tokens, or a malformed header.
        NoToken: none.
    """
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    in_form = ""
    if request.method == "POST" and front_door.is_form(request.META.get("CONTENT_TYPE", "")):
        in_form = form_parameters(request).get("access_token", "")
    if header and in_form:
        raise InvalidRequest("The access token stands both in the header and in the form.")
    if not header:
        if in_form:
            return in_form
        raise NoToken("An access token is required.")
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NoToken("An access token is required.")
    if not value.strip() or " " in value.strip():
        raise InvalidRequest("The Authorization header is malformed.")
    return value.strip()


def authorized(request: HttpRequest, now: datetime) -> tuple[Found, Person]:
    """The live access token of a person, with the openid scope, and that person.

    Raises:
        InvalidToken: not live, no access token, or one for other resources.
        InsufficientScope: not granted ``openid``.
    """
    found = find(bearer_token(request), now, person=True)
    if found is None or found.kind != ACCESS:
        raise InvalidToken
    if not {settings.ISSUER, userinfo_endpoint()} & set(found.audience):
        # RFC 9068 §4, RFC 8707 §3: an API that was given the token must not read the person's claims with it.
        raise InvalidToken("The access token is for another resource.")
    if found.person is None or OPENID not in found.scope:
        raise InsufficientScope("The access token was not granted the scope openid.", scope=OPENID)
    return found, found.person


@protocol_endpoint("userinfo", "GET", "POST", cors=True)
def userinfo(request: HttpRequest, now: datetime) -> HttpResponse:
    """OpenID Connect Core §5.3.2: the claims of the scopes that were granted, and those asked for by name (§5.5)."""
    found, person = authorized(request, now)
    client = found.client
    claims = {**in_userinfo(person, found.scope, found.claims), "sub": found.sub}
    alg = client.metadata.get("userinfo_signed_response_alg")
    if alg is None and not encryption.is_wanted(client, encryption.USERINFO):
        return json_response(claims)
    # OpenID Connect Core §5.3.2: such an answer says who speaks and to whom; it is signed before it is encrypted.
    said = {**claims, "iss": settings.ISSUER, "aud": client.client_id}
    text = signer_for(client, alg, now).sign(said, typ=JWT_TYPE) if alg else json.dumps(said)
    answer = encryption.to_client(client, encryption.USERINFO, text, now, nested=bool(alg))
    return HttpResponse(answer, content_type="application/jwt")

"""Lines to paste: a token, its introspection, a sign-in with PKCE; made from what the application is registered for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oauth_server.models import Client

_PLACEHOLDER: Final = "YOUR_CLIENT_SECRET"

_CURL: Final = """\
CLIENT_ID={client_id}
CLIENT_SECRET={secret}
TOKEN=$(curl -sS {credentials} \\
  -d grant_type=client_credentials{scope} \\
  {issuer}/oauth/token | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
echo "$TOKEN"
"""

_INTROSPECT: Final = """\
curl -sS {credentials} \\
  -d "token=$TOKEN" \\
  {issuer}/oauth/introspect
"""

_AUTHLIB: Final = """\
# pip install authlib requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

client = OAuth2Session(
    {client_id!r},{secret}
    scope={scope!r},
    redirect_uri={redirect_uri!r},
    code_challenge_method='S256',
    token_endpoint_auth_method={method!r},
)
verifier = generate_token(48)
address, state = client.create_authorization_url("{issuer}/oauth/authorize", code_verifier=verifier)
print("Open", address)
answer = input("Paste the address that you came back to: ")
client.fetch_token("{issuer}/oauth/token", authorization_response=answer, state=state, code_verifier=verifier)
print(client.get("{issuer}/oauth/userinfo").json())
"""

# How curl sends the credential of a method; a method without a row needs more than a line of shell.
_CREDENTIALS: Final = {
    "client_secret_basic": '-u "$CLIENT_ID:$CLIENT_SECRET"',
    "client_secret_post": '-d "client_id=$CLIENT_ID" --data-urlencode "client_secret=$CLIENT_SECRET"',
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to paste, and what it does."""

    name: str
    title: str | Promise
    text: str


def snippets(client: Client, secret: str = "") -> tuple[Snippet, ...]:
    """What this application can begin with.

    Args:
        client: the application.
        secret: the one that is being shown; a placeholder stands for it when empty.
    """
    return (*_for_itself(client, secret or _PLACEHOLDER), *_for_people(client, secret or _PLACEHOLDER))


def _for_itself(client: Client, secret: str) -> tuple[Snippet, ...]:
    credentials = _CREDENTIALS.get(client.token_endpoint_auth_method)
    if "client_credentials" not in client.grant_types or credentials is None:
        return ()
    words = {
        "client_id": shlex.quote(client.client_id),
        "secret": shlex.quote(secret),
        "credentials": credentials,
        "scope": f" --data-urlencode {shlex.quote(f'scope={client.scope}')}" if client.scope else "",
        "issuer": settings.ISSUER,
    }
    found: tuple[Snippet, ...] = (Snippet("token", _("Get an access token"), _CURL.format(**words)),)
    if settings.FEATURES.introspection:
        found += (Snippet("introspect", _("Ask what it is good for"), _INTROSPECT.format(**words)),)
    return found


def _for_people(client: Client, secret: str) -> tuple[Snippet, ...]:
    uris = client.redirect_uris.split()
    if "authorization_code" not in client.grant_types or not uris:
        return ()
    method = client.token_endpoint_auth_method
    if method not in _CREDENTIALS and method != "none":
        return ()
    text = _AUTHLIB.format(
        client_id=client.client_id,
        secret="" if method == "none" else f"\n    {secret!r},",
        scope=client.scope,
        redirect_uri=uris[0],
        method=method,
        issuer=settings.ISSUER,
    )
    return (Snippet("authlib", _("Sign somebody in, with Authlib and PKCE"), text),)

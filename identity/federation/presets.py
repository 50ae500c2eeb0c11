"""PRESETS: the providers that people know by name, each one row of what differs from a plain OpenID Provider. Pure.

A row says where a provider departs from the standards; where it does not, the row is empty. What a departure costs stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

Claims = Mapping[str, Any]

# Our claim → the provider's, where it calls them as OpenID Connect Core §5.1 does.
STANDARD_CLAIMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: name
        for name in (
            "preferred_username", "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website",
            "gender", "birthdate", "zoneinfo", "locale",
        )
    }
)  # fmt: skip


def said_so(claims: Claims) -> bool:
    """The provider says that the address was verified: the JSON value ``true`` and nothing that looks like it (Core §5.1)."""
    return claims.get("email_verified") is True


def _google(claims: Claims) -> bool:
    # Google answers for gmail.com and for the domains it hosts. Another address was somebody's once, when its account was made.
    address = str(claims.get("email", ""))
    return said_so(claims) and (address.lower().endswith("@gmail.com") or bool(claims.get("hd")))


def _microsoft(claims: Claims) -> bool:
    # Any administrator of any tenant may write any address into `email` ("nOAuth"); `xms_edov` says that the owner of the address's
    # domain was verified. It is an optional claim that the registration at Microsoft must ask for.
    return claims.get("xms_edov") in (True, 1, "1", "true")


def _apple(claims: Claims) -> bool:
    return claims.get("email_verified") in (True, "true")


def _nobody(_: Claims) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider that people know by name.

    Attributes:
        name: what an operator writes; the file of its logo.
        title: what people call it.
        issuer: the default; empty where every installation has its own.
        scope: what is asked for.
        endpoints: for providers without a discovery document, or with one that is not enough; ``{issuer}`` may stand in them.
        is_openid: whether an ID token says who came; else the userinfo endpoint does.
        subject: the member of the userinfo answer that never changes, for those without an ID token.
        claims: our claim → theirs.
        has_verified_email: whether what they say of the address means that its owner was asked.
        client_auth: how we authenticate; empty for what discovery offers.
        sends_challenge: False for a provider that refuses PKCE.
        echoes_nonce: False for a provider that leaves the nonce out of its ID token.
        response_mode: empty for the query.
        parameters: further parameters of every authorization request.
        prompts: the values of ``prompt`` that it knows, where its discovery document does not say.
        tenant: what stands in its issuer for the tenant of whoever signs in; empty for one issuer for all.
    """

    name: str
    title: str
    issuer: str = ""
    scope: str = "openid profile email"
    endpoints: Mapping[str, str] = field(default_factory=dict)
    is_openid: bool = True
    subject: str = "sub"
    claims: Mapping[str, str] = field(default_factory=lambda: STANDARD_CLAIMS)
    has_verified_email: Callable[[Claims], bool] = said_so
    client_auth: str = ""
    sends_challenge: bool = True
    echoes_nonce: bool = True
    response_mode: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    tenant: str = ""


_ROWS: Final = (
    Preset("oidc", "OpenID Connect"),
    Preset(
        "google",
        "Google",
        issuer="https://accounts.google.com",
        has_verified_email=_google,
        prompts=("none", "consent", "select_account"),
    ),
    # One tenant is better named by its own issuer, https://login.microsoftonline.com/<tenant>/v2.0: then nobody else gets in.
    Preset(
        "microsoft",
        "Microsoft",
        issuer="https://login.microsoftonline.com/common/v2.0",
        has_verified_email=_microsoft,
        prompts=("none", "login", "consent", "select_account"),
        tenant="{tenantid}",
    ),
    # The secret is the private key that Apple gives out; each token request carries a short assertion made with it. A name comes
    # only with the first sign-in, in the form that Apple posts, and is not signed: it is not taken.
    Preset(
        "apple",
        "Apple",
        issuer="https://appleid.apple.com",
        scope="openid email",
        endpoints={
            "authorization_endpoint": "{issuer}/auth/authorize",
            "token_endpoint": "{issuer}/auth/token",
            "jwks_uri": "{issuer}/auth/keys",
        },
        has_verified_email=_apple,
        client_auth="apple",
        response_mode="form_post",
    ),
    # No OpenID Provider: no ID token, no nonce; the code is bound to this browser by PKCE and state. The verified primary address
    # is asked for at an endpoint of its own.
    Preset(
        "github",
        "GitHub",
        issuer="https://github.com/login/oauth",
        scope="read:user user:email",
        endpoints={
            "authorization_endpoint": "{issuer}/authorize",
            "token_endpoint": "{issuer}/access_token",
            "userinfo_endpoint": "https://api.github.com/user",
            "emails_endpoint": "https://api.github.com/user/emails",
        },
        is_openid=False,
        subject="id",
        claims={"preferred_username": "login", "name": "name", "profile": "html_url", "picture": "avatar_url"},
        client_auth="client_secret_post",
    ),
    Preset("gitlab", "GitLab", issuer="https://gitlab.com"),
    # As GitHub. It does not say whether it asked the owner of an address, so the address counts as unverified.
    Preset(
        "facebook",
        "Facebook",
        issuer="https://www.facebook.com",
        scope="public_profile email",
        endpoints={
            "authorization_endpoint": "{issuer}/v21.0/dialog/oauth",
            "token_endpoint": "https://graph.facebook.com/v21.0/oauth/access_token",
            "userinfo_endpoint": "https://graph.facebook.com/v21.0/me?fields=id,name,first_name,last_name,email",
        },
        is_openid=False,
        subject="id",
        claims={"name": "name", "given_name": "first_name", "family_name": "last_name"},
        has_verified_email=_nobody,
        client_auth="client_secret_post",
    ),
    # It answers invalid_client to a code_verifier from a web application, and leaves the nonce out: what binds a code to this
    # browser is `state` alone, and our secret.
    Preset(
        "linkedin",
        "LinkedIn",
        issuer="https://www.linkedin.com/oauth",
        client_auth="client_secret_post",
        sends_challenge=False,
        echoes_nonce=False,
    ),
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({row.name: row for row in _ROWS})
GENERIC: Final = "oidc"

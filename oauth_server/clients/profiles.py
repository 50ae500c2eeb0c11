"""Security profiles: one table of what a client's profile demands, chosen per client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.conf import settings

from oauth_server.protocol import pkce


@dataclass(frozen=True, slots=True)
class SecurityProfile:
    """A row of the table.

    Attributes:
        name: what a client's ``profile`` says.
        sentence: what operators read beside the choice.
        pkce_required: whether confidential clients need PKCE too; public ones always do (RFC 9700 §2.1.1).
        code_challenge_methods: what ``code_challenge_method`` may be.
        response_types: what ``response_type`` may be; the tokens of each in alphabetical order.
        assertion_audience_token_endpoint: whether a client assertion may name the token endpoint as its audience, or list
            several audiences, as OpenID Connect Core §9 lets clients do; otherwise the issuer alone, as one string, counts
            (RFC 10070).
        assertion_lifetime: the longest life that a client assertion may have, seconds; common libraries of OpenID Connect
            sign for an hour.
        allow_http_localhost: whether ``http://localhost`` redirect URIs may be registered (RFC 8252 §8.3 advises the literal
            addresses instead).
        request_object_alone: whether, of a request with a request object, nothing but the object counts (RFC 9101 §6.3);
            otherwise parameters beside it fill in what it leaves open (OpenID Connect Core §6.1), unless the client registered
            ``require_signed_request_object``.
        redirect_uri_at_token_endpoint: whether the token request must repeat the redirect URI (RFC 6749 §4.1.3; OAuth 2.1
            drops it, since PKCE does that work).
        secret_in_header_or_form: whether a client that registered ``client_secret_basic`` or ``client_secret_post`` may use
            the other one too; there are relying parties that send their secret in the header with a code and in the form
            with a refresh token. Otherwise the registered method counts alone (RFC 7591 §2).
    """

    name: str
    sentence: str
    pkce_required: bool
    code_challenge_methods: frozenset[str]
    response_types: frozenset[str]
    assertion_audience_token_endpoint: bool
    assertion_lifetime: int
    allow_http_localhost: bool
    redirect_uri_required: bool
    ignores_unknown_scopes: bool
    redirect_uri_at_token_endpoint: bool
    request_object_alone: bool
    secret_in_header_or_form: bool


# Off unless FEATURES names them (OpenID Connect Core §3.2, §3.3; RFC 9700 §2.1.2 advises against tokens at the front).
_IMPLICIT: Final = frozenset({"id_token", "id_token token"}) if settings.FEATURES.implicit else frozenset[str]()
_HYBRID: Final = (
    frozenset({"code id_token", "code token", "code id_token token"}) if settings.FEATURES.hybrid else frozenset[str]()
)
_PLAIN: Final = frozenset({pkce.PLAIN}) if settings.FEATURES.pkce_plain else frozenset[str]()

DEFAULT: Final = "oauth21"

PROFILES: Final[Mapping[str, SecurityProfile]] = MappingProxyType(
    {
        row.name: row
        for row in (
            SecurityProfile(
                name=DEFAULT,
                sentence="OAuth 2.1 and RFC 9700: the code flow, always with PKCE.",
                pkce_required=True,
                code_challenge_methods=frozenset({pkce.S256}),
                response_types=frozenset({"code"}),
                assertion_audience_token_endpoint=False,
                assertion_lifetime=settings.LIFETIMES.assertion,
                allow_http_localhost=True,
                redirect_uri_required=True,
                ignores_unknown_scopes=False,
                redirect_uri_at_token_endpoint=False,
                request_object_alone=True,
                secret_in_header_or_form=False,
            ),
            SecurityProfile(
                name="openid",
                sentence="OpenID Connect Core as certified relying parties use it: PKCE is optional for confidential clients.",
                pkce_required=False,
                code_challenge_methods=frozenset({pkce.S256}) | _PLAIN,
                response_types=frozenset({"code"}) | _IMPLICIT | _HYBRID,
                assertion_audience_token_endpoint=True,
                assertion_lifetime=max(3_600, settings.LIFETIMES.assertion),
                allow_http_localhost=True,
                redirect_uri_required=False,
                ignores_unknown_scopes=True,
                redirect_uri_at_token_endpoint=True,
                request_object_alone=False,
                secret_in_header_or_form=True,
            ),
        )
    }
)

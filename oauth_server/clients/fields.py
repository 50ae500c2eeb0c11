"""The members of client metadata: one table (RFC 7591 §2, OpenID Connect Registration §2, and our own extensions).

A member without a row is unknown and ignored (RFC 7591 §2). A row says how the member is read, where it is kept, when it means anything
at all, and whether only an operator may set it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from identity.sign_in.assurance import LEVELS
from oauth_server.clients import encryption, readers
from oauth_server.clients.methods import CLIENT_AUTH_METHODS, assertion
from oauth_server.clients.profiles import PROFILES
from oauth_server.clients.readers import Reader
from oauth_server.clients.subjects import SUBJECT_TYPES
from oauth_server.jose import algorithms
from oauth_server.models import Client
from oauth_server.settings.nearest import did_you_mean

_LANGUAGE: Final = re.compile(r"([a-z_]+)#([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,6})")
# grant_type → the feature that turns it on. ``grants.GRANTS`` stands above this package and must have the same names.
_GRANT_TYPES: Final = {
    "authorization_code": "authorization_code",
    "refresh_token": "refresh_token",
    "client_credentials": "client_credentials",
}
# What a client registers for tokens from the authorization endpoint (OpenID Connect Registration §2); no grant of the token
# endpoint has this name.
IMPLICIT: Final = "implicit"
FRONT_CHANNEL_GRANTS: Final = (IMPLICIT,) if settings.FEATURES.implicit or settings.FEATURES.hybrid else ()
GRANT_TYPES: Final = (
    *(name for name, feature in _GRANT_TYPES.items() if getattr(settings.FEATURES, feature)),
    *FRONT_CHANNEL_GRANTS,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A row.

    Attributes:
        name: the member.
        read: judges the value and answers what is stored.
        column: the attribute of ``Client`` that keeps it; None when it goes to ``Client.metadata``.
        by_operator_only: ignored when a developer registers over the network.
        applies: asked with all members; when it says no, the member is ignored whatever its value.
        in_languages: whether ``name#language`` may stand beside it (RFC 7591 §2.2).
    """

    name: str
    read: Reader
    column: str | None = None
    by_operator_only: bool = False
    applies: Callable[[Mapping[str, Any]], bool] | None = None
    in_languages: bool = False


def _sends_assertions(metadata: Mapping[str, Any]) -> bool:
    method = metadata.get("token_endpoint_auth_method")
    return isinstance(method, str) and method in assertion.ALGORITHMS


def _signs_request_objects(metadata: Mapping[str, Any]) -> bool:
    # "none" comes from clients that send no request objects at all; whoever does send an unsigned one hears no then.
    return bool(metadata.get("request_object_signing_alg") != "none")


_ROWS: Final = (
    # RFC 7591 §2.
    Field("client_name", readers.text, "name", in_languages=True),
    Field("redirect_uris", readers.redirect_uris, "redirect_uris"),
    Field("token_endpoint_auth_method", readers.one_of(*CLIENT_AUTH_METHODS), "token_endpoint_auth_method"),
    Field("grant_types", readers.words_of(GRANT_TYPES), "grant_types"),
    Field("response_types", readers.response_types, "response_types"),
    Field("scope", readers.scope, "scope"),
    Field("client_uri", readers.web_page, in_languages=True),
    Field("logo_uri", readers.web_page, in_languages=True),
    Field("tos_uri", readers.web_page, in_languages=True),
    Field("policy_uri", readers.web_page, in_languages=True),
    Field("contacts", readers.texts),
    Field("jwks", readers.key_set),
    Field("jwks_uri", readers.fetched),
    Field("software_id", readers.text),
    Field("software_version", readers.text),
    Field("software_statement", readers.token),
    # OpenID Connect Registration §2, RP-Initiated Logout §3.1.
    Field("application_type", readers.one_of("web", "native"), "application_type"),
    Field("subject_type", readers.one_of(*SUBJECT_TYPES)),
    Field("sector_identifier_uri", readers.fetched),
    Field("id_token_signed_response_alg", readers.one_of(*sorted(algorithms.ID_TOKEN))),
    Field("userinfo_signed_response_alg", readers.one_of(*sorted(algorithms.ID_TOKEN))),
    # JARM §3.
    *(
        (Field("authorization_signed_response_alg", readers.one_of(*sorted(algorithms.ID_TOKEN))),)
        if settings.FEATURES.jarm
        else ()
    ),
    Field(
        "token_endpoint_auth_signing_alg",
        readers.one_of(*sorted(algorithms.CLIENT_SECRET_JWT | algorithms.PRIVATE_KEY_JWT)),
        applies=_sends_assertions,
    ),
    *(
        field
        for row in encryption.ENCRYPTED.values()
        for field in (
            Field(row.alg, readers.one_of(*row.algorithms)),
            Field(row.enc, readers.one_of(*encryption.ENC_VALUES)),
        )
    ),
    Field(
        "request_object_signing_alg", readers.one_of(*sorted(algorithms.REQUEST_OBJECT)), applies=_signs_request_objects
    ),
    Field("request_uris", readers.request_uris),
    Field("require_signed_request_object", readers.boolean),  # RFC 9101 §10.5
    Field("default_max_age", readers.seconds),
    Field("require_auth_time", readers.boolean),
    Field("default_acr_values", readers.identifiers),
    Field("initiate_login_uri", readers.https_page),
    Field("post_logout_redirect_uris", readers.redirect_uris, "post_logout_redirect_uris"),
    # Front-Channel Logout §2, Back-Channel Logout §2.2.
    Field("frontchannel_logout_uri", readers.framed),
    Field("frontchannel_logout_session_required", readers.boolean),
    Field("backchannel_logout_uri", readers.told),
    Field("backchannel_logout_session_required", readers.boolean),
    # Ours.
    Field("profile", readers.one_of(*PROFILES), "profile", by_operator_only=True),
    Field("access_token_format", readers.one_of(Client.JWT, Client.OPAQUE), "access_token_format"),
    Field("access_token_typ", readers.one_of("at+jwt", "JWT"), "access_token_typ"),
    Field(
        "access_token_signed_response_alg",
        readers.one_of(*algorithms.SIGNING),
        "access_token_signed_response_alg",
    ),
    Field(
        "always_issue_refresh_token", readers.boolean, "always_issue_refresh_token", by_operator_only=True
    ),
    Field("optional_scopes", readers.optional_scope),
    Field("brand_color", readers.colour),
    Field("id_token_claims", readers.boolean, "id_token_claims"),
    Field(
        "offline_access_survives_logout",
        readers.boolean,
        "offline_access_survives_logout",
        by_operator_only=True,
    ),
    Field("minimum_acr", readers.one_of("", *LEVELS), "minimum_acr", by_operator_only=True),
    Field("audience", readers.identifiers, "audience"),
    Field("introspects", readers.identifiers, "introspects", by_operator_only=True),
    Field("skip_authorization", readers.boolean, "skip_authorization", by_operator_only=True),
    Field("vouched_for", readers.boolean, "vouched_for", by_operator_only=True),
    Field("tokens_not_before", readers.moment, "tokens_not_before", by_operator_only=True),
)  # fmt: skip

FIELDS: Final[Mapping[str, Field]] = MappingProxyType({row.name: row for row in _ROWS})


def in_language(name: str) -> tuple[str, str]:
    """A member's name without its language tag, and the tag; ``client_name#uk`` is ``client_name`` in ``uk`` (RFC 7591 §2.2)."""
    tagged = _LANGUAGE.fullmatch(name)
    return (tagged[1], tagged[2]) if tagged else (name, "")


# What is no metadata and stands beside it: an operator chooses the first two, answers of ours have the others.
_BESIDE: Final = frozenset(
    {
        "client_id",
        "client_secret",
        "client_id_issued_at",
        "client_secret_expires_at",
        "registration_access_token",
        "registration_client_uri",
    }
)


def unknown(names: Iterable[str]) -> list[str]:
    """A sentence about each member that is ignored because it has no row, with the one that was perhaps meant.

    Args:
        names: of the members that somebody gave.
    """
    sentences = []
    for name in names:
        member, language = in_language(name)
        row = FIELDS.get(member)
        if row is None and name not in _BESIDE:
            sentences.append(f"{name[:100]} is not known and was ignored.{did_you_mean(member, FIELDS)}")
        elif row is not None and language and not row.in_languages:
            sentences.append(f"{name[:100]} was ignored: {member} has no languages.")
    return sentences

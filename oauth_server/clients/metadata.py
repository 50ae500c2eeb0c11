"""Client metadata: judged, stored, and told again (RFC 7591 §2 and §3.2.1, OpenID Connect Registration).

Strict in what it uses and liberal in what it ignores. The same rules serve operators and developers; only an operator's word
counts for the members that widen what a client may do, and for a chosen ``client_id`` or ``client_secret``.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.utils import IntegrityError

from identity.models import User
from oauth_server.audit.events_clients import ClientRegistered, ClientUpdated
from oauth_server.audit.record import record
from oauth_server.clients import encryption, offered, registry, secrets, sectors
from oauth_server.clients.client import PAIRWISE, PUBLIC, sector
from oauth_server.clients.fields import FIELDS, IMPLICIT, in_language
from oauth_server.clients.methods import assertion
from oauth_server.clients.profiles import DEFAULT, PROFILES
from oauth_server.clients.readers import refuse
from oauth_server.jose.algorithms import SYMMETRIC
from oauth_server.jose.key_sets import KeySet
from oauth_server.models import Client, StateVersion
from oauth_server.protocol import uris
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI

# What a column holds when its member is absent; callables, since a list must not be shared.
_DEFAULTS: Final[Mapping[str, Callable[[], Any]]] = {
    column.name: column.get_default for column in Client._meta.concrete_fields
}
_SPACED: Final = frozenset({"redirect_uris", "post_logout_redirect_uris"})
_MOST_MEMBERS: Final = 200
# What people see of a client, beside the host that they are sent to.
_VOUCHED: Final = frozenset({"client_name", "logo_uri", "client_uri", "policy_uri", "tos_uri"})


def validate(metadata: Mapping[str, Any], *, by_operator: bool, profile: str = DEFAULT) -> dict[str, Any]:
    """Read metadata: every member that has a row and applies, judged, with the defaults of RFC 7591 §2.

    Args:
        metadata: the JSON object as received.
        by_operator: whether the members that only operators may set count.
        profile: the security profile where no operator chose one.

    Raises:
        InvalidRedirectURI: a redirect URI may not be registered.
        InvalidClientMetadata: any other member is wrong; the description begins with its name.
    """
    if not isinstance(metadata, Mapping):
        raise InvalidClientMetadata("Client metadata must be a JSON object.")
    if len(metadata) > _MOST_MEMBERS:
        raise InvalidClientMetadata(f"Client metadata has more than {_MOST_MEMBERS} members.")
    # RFC 7591 §2: null means absent.
    given = {name: value for name, value in metadata.items() if value is not None}
    if not by_operator and "audience" in given:
        given["audience"] = offered.audience(given["audience"])
    read: dict[str, Any] = {}
    for name, value in given.items():
        base, language = in_language(name)
        row = FIELDS.get(base)
        if row is None or (language and not row.in_languages) or (row.by_operator_only and not by_operator):
            continue
        if row.applies is not None and not row.applies(given):
            continue
        read[name] = row.read(value, name)
    # What an operator registers, the operator answers for.
    read.setdefault("vouched_for", by_operator)
    _fill_in(read, profile)
    _check_together(read)
    return read


def _fill_in(read: dict[str, Any], profile: str) -> None:
    """The defaults of RFC 7591 §2; a response type follows from the grant type where only one of them is named."""
    read.setdefault("profile", profile)
    read.setdefault("application_type", "web")
    read.setdefault("token_endpoint_auth_method", "client_secret_basic")
    read.setdefault("grant_types", sorted(_grants_of(read.get("response_types", ["code"]))) or ["authorization_code"])
    interactive = "authorization_code" in read["grant_types"]
    read.setdefault("response_types", ["code"] if interactive else [])
    read.setdefault("redirect_uris", [])
    read.setdefault("scope", offered.DEFAULT_SCOPE if interactive or IMPLICIT in read["grant_types"] else "")
    read.setdefault("id_token_signed_response_alg", "RS256")
    encryption.fill_in(read)


def _grants_of(response_types: list[str]) -> set[str]:
    """The grants that response types go with (RFC 7591 §2.1, OpenID Connect Registration §2)."""
    words = {word for response_type in response_types for word in response_type.split(" ")}
    return ({"authorization_code"} if "code" in words else set()) | (
        {IMPLICIT} if words & {"id_token", "token"} else set()
    )


def response_types_for(grant_types: Iterable[str], profile: str, former: Iterable[str]) -> list[str]:
    """The response types of a client whose grants somebody chose: its former ones while they fit, else all that do.

    Args:
        grant_types: as chosen.
        profile: the name of its security profile.
        former: what it was registered for.
    """
    chosen = set(grant_types)
    fitting = [kind for kind in sorted(PROFILES[profile].response_types) if _grants_of([kind]) <= chosen]
    kept = [kind for kind in fitting if kind in set(former)]
    return kept if _grants_of(kept) == _grants_of(fitting) else fitting


def _check_together(read: Mapping[str, Any]) -> None:
    """What no member can say alone."""
    profile = PROFILES[read["profile"]]
    method: str = read["token_endpoint_auth_method"]
    if not read["grant_types"]:
        raise refuse("grant_types", "must name at least one grant type")
    if foreign := [item for item in read["response_types"] if item not in profile.response_types]:
        raise refuse(
            "response_types", f"has a value that the profile {profile.name} does not allow: {foreign[0][:100]}"
        )
    if _grants_of(read["response_types"]) != {"authorization_code", IMPLICIT} & set(read["grant_types"]):
        raise refuse(
            "response_types",
            "and grant_types differ: code goes with authorization_code, id_token and token with implicit"
            " (RFC 7591 section 2.1)",
        )
    if method == PUBLIC:
        _check_public(read)
    if "jwks" in read and "jwks_uri" in read:
        raise refuse("jwks", "and jwks_uri must not stand together (RFC 7591 section 2)")
    if method == "private_key_jwt" and not {"jwks", "jwks_uri"} & read.keys():
        raise refuse("jwks", "or jwks_uri is needed for private_key_jwt")
    if method == "private_key_jwt" and "jwks" in read and not KeySet.from_jwks(read["jwks"]):
        raise refuse("jwks", "has no key that can verify a signature (RSA keys have 2048 to 4096 bits)")
    alg = read.get("token_endpoint_auth_signing_alg")
    if alg is not None and alg not in assertion.ALGORITHMS[method]:
        raise refuse("token_endpoint_auth_signing_alg", f"does not go with {method}")
    encryption.check(read)
    _check_uris(read, allow_http_localhost=profile.allow_http_localhost)


def _check_public(read: Mapping[str, Any]) -> None:
    """What takes a secret is not for a client without one."""
    if "client_credentials" in read["grant_types"]:
        raise refuse("grant_types", "has client_credentials, which takes a client that authenticates")
    for name in secrets.SIGNATURES:
        if read.get(name) in SYMMETRIC:
            raise refuse(name, "signs with a client secret, which a public client has not")


def _check_implicit(read: Mapping[str, Any]) -> None:
    if IMPLICIT in read["grant_types"] and read["application_type"] == "web":
        # OpenID Connect Registration §2: what travels in a fragment must not pass a page that anybody could listen in on.
        for uri in read["redirect_uris"]:
            if not uri.startswith("https://") or uris.is_loopback_host(urlsplit(uri).hostname or ""):
                raise InvalidRedirectURI(
                    "redirect_uris of a web client with the implicit grant must use https, and no name of this machine."
                )


def _check_uris(read: Mapping[str, Any], *, allow_http_localhost: bool) -> None:
    if read["response_types"] and not read["redirect_uris"]:
        raise InvalidRedirectURI("redirect_uris must have at least one URI.")
    for uri in read["redirect_uris"]:
        uris.check_registrable(uri, application_type=read["application_type"])
        if not allow_http_localhost and uris.origin(uri).startswith("http://localhost"):
            raise InvalidRedirectURI(
                "redirect_uris must use 127.0.0.1 or [::1] in place of localhost (RFC 8252 section 8.3)."
            )
    several = len(sectors.hosts(read["redirect_uris"])) > 1
    if several and read.get("subject_type") == PAIRWISE and "sector_identifier_uri" not in read:
        raise refuse(
            "sector_identifier_uri", "is needed for redirect URIs of several hosts (OpenID Connect Core section 8.1)"
        )
    _check_implicit(read)
    for uri in read.get("post_logout_redirect_uris", ()):
        try:
            uris.check_registrable(uri, application_type=read["application_type"])
        except InvalidRedirectURI as error:
            raise InvalidClientMetadata(f"post_logout_redirect_uris: {error.description}") from None
    framed = read.get("frontchannel_logout_uri")
    if framed is not None and uris.origin(framed) not in {uris.origin(uri) for uri in read["redirect_uris"]}:
        raise refuse(
            "frontchannel_logout_uri",
            "must have the scheme, host and port of a redirect URI (Front-Channel Logout 1.0 section 2)",
        )


def register(
    metadata: Mapping[str, Any],
    *,
    now: datetime,
    owner: User | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    by_operator: bool = True,
) -> tuple[Client, dict[str, Any]]:
    """Store a new client and answer what RFC 7591 §3.2.1 answers; the secret is in the answer and nowhere after.

    Args:
        metadata: the JSON object as received; an operator's may carry ``client_id`` and ``client_secret`` too.
        now: the moment of the request.
        owner: the developer it belongs to.
        client_id: an identifier that the operator chose.
        client_secret: a secret that the operator chose.
        by_operator: False for a registration over the network.

    Raises:
        InvalidRedirectURI: see ``validate``.
        InvalidClientMetadata: see ``validate``; or the ``client_id`` is taken, or a scope is not offered to every client.
    """
    read = validate(metadata, by_operator=by_operator)
    if not by_operator:
        offered.check_scope(metadata)
    chosen_id, chosen_secret = _chosen(metadata, client_id, client_secret) if by_operator else ("", "")
    return store(read, now=now, owner=owner, client_id=chosen_id, client_secret=chosen_secret, by_operator=by_operator)


def store(
    read: Mapping[str, Any],
    *,
    now: datetime,
    owner: User | None = None,
    client_id: str = "",
    client_secret: str = "",
    by_operator: bool = False,
) -> tuple[Client, dict[str, Any]]:
    """Store what ``validate`` has read; see ``register``.

    Raises:
        InvalidClientMetadata: the ``client_id`` is taken.
    """
    row = Client(client_id=client_id or _new_client_id(), user=owner)
    _fill_row(row, read)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            secret = _give_secret(row, now, client_secret)
            StateVersion.objects.bump("clients")
            record(
                ClientRegistered(client_id=row.client_id, by_operator=by_operator, user=str(owner.pk) if owner else "")
            )
    except IntegrityError:
        raise InvalidClientMetadata(f"client_id {row.client_id} is taken.") from None
    registry.forget()
    return row, _answer(row, secret)


def update(
    client_id: str,
    metadata: Mapping[str, Any],
    *,
    now: datetime,
    client_secret: str | None = None,
    by_operator: bool = True,
) -> tuple[Client, dict[str, Any]]:
    """Replace a client's metadata. Its secrets stay, unless another is given or the new metadata cannot do with them.

    A developer leaves what only operators may set as it is.

    Raises:
        LookupError: there is no such client.
        InvalidRedirectURI: see ``validate``.
        InvalidClientMetadata: see ``validate``.
    """
    chosen_secret = _chosen(metadata, client_id, client_secret)[1] if by_operator else ""
    with transaction.atomic():
        row = Client.objects.lock(client_id)
        if row is None:
            raise LookupError(client_id)
        said = metadata if by_operator or not isinstance(metadata, Mapping) else _with_policy(metadata, row)
        read = validate(said, by_operator=True)
        if not by_operator:
            read["vouched_for"] = row.vouched_for and _looks_the_same(read, describe(row))
        former, place = row.tokens_not_before, sector(row)
        _fill_row(row, read)
        # Metadata that does not speak of it must not bring dead tokens back to life.
        # OpenID Connect Core §12.2: a refresh names the same subject; in another sector it would name the one of that sector
        # to a client that nobody there sent anybody to.
        moved = now if sector(row) != place else None
        row.tokens_not_before = max((at for at in (former, row.tokens_not_before, moved) if at), default=None)
        row.save()
        secret = _give_secret(row, now, chosen_secret)
        StateVersion.objects.bump("clients")
        record(ClientUpdated(client_id=row.client_id, by_operator=by_operator, new_secret=bool(secret)))
    registry.forget()
    return row, _answer(row, secret)


def _with_policy(metadata: Mapping[str, Any], row: Client) -> dict[str, Any]:
    """A developer's words, with the operator's in place of what the developer says about them."""
    stored = describe(row)
    offered.check_scope(metadata, row.scope.split())
    policy = {name: stored[name] for name, field in FIELDS.items() if field.by_operator_only and name in stored}
    policy["audience"] = offered.audience(metadata.get("audience"), row.audience)
    return {name: value for name, value in metadata.items() if not _is_policy(name)} | policy


def _looks_the_same(read: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether a client still is what an operator answered for: else a name is checked first and then changed."""
    seen = (name for name in {*read, *stored} if in_language(name)[0] in _VOUCHED)
    is_there = sectors.hosts(read["redirect_uris"]) <= sectors.hosts(stored["redirect_uris"])
    return is_there and all(read.get(name) == stored.get(name) for name in seen)


def _is_policy(name: str) -> bool:
    field = FIELDS.get(in_language(name)[0])
    return field is not None and field.by_operator_only


def _chosen(metadata: Mapping[str, Any], client_id: str | None, client_secret: str | None) -> tuple[str, str]:
    chosen_id = client_id or metadata.get("client_id") or ""
    chosen_secret = client_secret or metadata.get("client_secret") or ""
    if not isinstance(chosen_id, str) or (chosen_id and not registry.CLIENT_ID.fullmatch(chosen_id)):
        raise refuse("client_id", "must be 1 to 255 printable ASCII characters")
    if not isinstance(chosen_secret, str):
        raise refuse("client_secret", "must be a string")
    return chosen_id, chosen_secret


def _new_client_id() -> str:
    return randomness.token_hex(16)


def _fill_row(row: Client, read: Mapping[str, Any]) -> None:
    """Put every member where its row of ``FIELDS`` says; what is absent gets the column's default."""
    for field in FIELDS.values():
        if field.column is None:
            continue
        default = _DEFAULTS[field.column]()
        value = read.get(field.name, default)
        setattr(row, field.column, " ".join(value) if field.name in _SPACED else value)
    row.client_type = Client.CLIENT_PUBLIC if row.token_endpoint_auth_method == PUBLIC else Client.CLIENT_CONFIDENTIAL
    row.metadata = {name: value for name, value in read.items() if name not in FIELDS or FIELDS[name].column is None}


def _give_secret(row: Client, now: datetime, chosen: str) -> str:
    """Make the stored secrets fit the registration; answers the new one, or nothing when none was made."""
    return secrets.settle(row, now, secrets.use_of(row.token_endpoint_auth_method, row.metadata), given=chosen)


def needs_secret(row: Client) -> bool:
    """Whether a client as it is registered has a secret."""
    return secrets.use_of(row.token_endpoint_auth_method, row.metadata).needed


def _answer(row: Client, secret: str) -> dict[str, Any]:
    answer = describe(row)
    if secret:
        # RFC 7591 §3.2.1: client_secret_expires_at is required beside a secret; 0 means never.
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer


def describe(client: Client) -> dict[str, Any]:
    """The registered metadata as RFC 7591 §3.2.1 words it, without the secret."""
    answer: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created.timestamp()),
    }
    for field in FIELDS.values():
        if field.column is None:
            continue
        value = getattr(client, field.column)
        if field.name in _SPACED:
            value = value.split()
        if isinstance(value, datetime):
            value = value.isoformat()
        if value not in ("", None, []) or field.name in {"response_types", "redirect_uris"}:
            answer[field.name] = value
    answer.update(client.metadata)
    return answer

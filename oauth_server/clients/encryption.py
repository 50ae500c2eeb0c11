"""What travels encrypted between a client and us (OpenID Connect Core §10.2 and §16.14, Registration §2, RFC 9101 §6.1, JARM §3).

Which answers a client wants encrypted, how, and to which of its keys; and what it encrypted to us. Where a client asked for
encryption and has no key that can be used, the answer is an error: nothing ever falls back to clear text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.conf import settings

from oauth_server.clients import key_sets, secrets
from oauth_server.clients.client import PUBLIC, RegisteredClient
from oauth_server.clients.readers import refuse
from oauth_server.jose import decrypt as jwe
from oauth_server.jose.algorithms import CONTENT_ENCRYPTION, DEFAULT_CONTENT_ENCRYPTION, DIRECT, KEY_MANAGEMENT
from oauth_server.jose.encrypt import EncryptionKey, EncryptionKeySet, encrypt, secret_key
from oauth_server.keys import rotate, store
from oauth_server.protocol.errors import InvalidRequest

ID_TOKEN: Final = "id_token"  # noqa: S105  # the name of a kind of token
USERINFO: Final = "userinfo"
AUTHORIZATION: Final = "authorization"
REQUEST_OBJECT: Final = "request_object"

# RFC 9101 §10.8: the types of what may be a request object, as `jose.decrypt` compares them.
_REQUEST_OBJECT_TYPES: Final = frozenset({"", "jwt", "oauth-authz-req+jwt"})


class Row(NamedTuple):
    """A row of ENCRYPTED: one kind of token, and the members of client metadata that speak of it.

    Attributes:
        alg: the member that names the ``alg``.
        enc: the member that names the ``enc``.
        algorithms: what the ``alg`` may be.
        is_ours: whether we encrypt it, so that a key of the client's is needed.
    """

    alg: str
    enc: str
    algorithms: tuple[str, ...]
    is_ours: bool


def _answer(kind: str) -> Row:
    return Row(f"{kind}_encrypted_response_alg", f"{kind}_encrypted_response_enc", tuple(KEY_MANAGEMENT), is_ours=True)


_ROWS: Final = {
    ID_TOKEN: _answer(ID_TOKEN),
    USERINFO: _answer(USERINFO),
    **({AUTHORIZATION: _answer(AUTHORIZATION)} if settings.FEATURES.jarm else {}),
    REQUEST_OBJECT: Row(
        "request_object_encryption_alg",
        "request_object_encryption_enc",
        (*rotate.decryption_algorithms(), DIRECT),
        is_ours=False,
    ),
}
ENCRYPTED: Final[Mapping[str, Row]] = MappingProxyType(_ROWS if settings.FEATURES.encryption else {})
ENC_VALUES: Final = tuple(CONTENT_ENCRYPTION)


def fill_in(read: dict[str, Any]) -> None:
    """OpenID Connect Registration §2: an ``alg`` alone means A128CBC-HS256."""
    for row in ENCRYPTED.values():
        if row.alg in read:
            read.setdefault(row.enc, DEFAULT_CONTENT_ENCRYPTION)


def check(read: Mapping[str, Any]) -> None:
    """What the members of metadata that speak of encryption cannot say alone.

    Raises:
        InvalidClientMetadata: they do not go together; the description begins with a member's name.
    """
    for row in ENCRYPTED.values():
        alg = read.get(row.alg)
        if alg is None:
            if row.enc in read:
                raise refuse(row.enc, f"needs {row.alg} beside it (OpenID Connect Registration section 2)")
        elif alg == DIRECT:
            if read["token_endpoint_auth_method"] == PUBLIC:
                raise refuse(row.alg, "encrypts with a client secret, which a public client has not")
        elif row.is_ours and not {"jwks", "jwks_uri"} & read.keys():
            raise refuse(row.alg, "needs a public key of the client's, in jwks or jwks_uri")
        elif row.is_ours and "jwks" in read and EncryptionKeySet.from_jwks(read["jwks"]).choose(alg) is None:
            raise refuse(row.alg, f"finds no key in jwks that {alg} can encrypt to (RSA keys have 2048 to 4096 bits)")


def is_wanted(client: RegisteredClient, kind: str) -> bool:
    """Whether the client registered that its answers of this kind are encrypted."""
    return client.metadata.get(f"{kind}_encrypted_response_alg") is not None


class Sealing(NamedTuple):
    """How one answer is encrypted to its client, in the order of ``jose.encrypt.encrypt``."""

    key: EncryptionKey
    alg: str
    enc: str


def prepare(client: RegisteredClient, kind: str, now: datetime) -> None:
    """Have the client's key at hand, so that ``to_client`` fetches nothing: to be called before a transaction begins."""
    alg = client.metadata.get(f"{kind}_encrypted_response_alg")
    if alg is not None and alg != DIRECT:
        key_sets.encryption_key(client, alg, now)


def require(client: RegisteredClient, kind: str, now: datetime) -> Sealing | None:
    """How ``to_client`` will encrypt; None when the client wants no encryption.

    Raises:
        InvalidRequest: the client wants it encrypted and has no key for that.
    """
    alg = client.metadata.get(f"{kind}_encrypted_response_alg")
    if alg is None:
        return None
    enc = client.metadata.get(f"{kind}_encrypted_response_enc", DEFAULT_CONTENT_ENCRYPTION)
    # Encryption that was registered holds also when the feature is off: never clear text in its place.
    key = _secret_key(client, enc, now) if alg == DIRECT else key_sets.encryption_key(client, alg, now)
    if key is None:
        raise InvalidRequest(
            f"{kind}_encrypted_response_alg cannot be done: no usable key of this client for {alg}.",
            hint="Publish an encryption key (use enc) of that algorithm in its jwks or jwks_uri; see the log when it is there.",
        )
    return Sealing(key, alg, enc)


def to_client(
    client: RegisteredClient,
    kind: str,
    text: str,
    now: datetime,
    *,
    nested: bool = True,
    extra_header: Mapping[str, str] | None = None,
) -> str:
    """``text`` as the client registered for it: encrypted, or as it is.

    Args:
        client: who will read it.
        kind: ``ID_TOKEN``, ``USERINFO`` or ``AUTHORIZATION``.
        text: a signed JWT; or JSON.
        now: the moment of the request.
        nested: False when ``text`` is JSON.
        extra_header: claims that the header repeats in clear text (RFC 7519 §5.3).

    Raises:
        InvalidRequest: see ``require``.
    """
    sealing = require(client, kind, now)
    return encrypt(text, *sealing, nested=nested, extra_header=extra_header) if sealing else text


def _secret_key(client: RegisteredClient, enc: str, now: datetime) -> EncryptionKey | None:
    readable = secrets.readable(client, now)
    return secret_key(readable[0], enc) if readable else None


def open_request_object(token: str, client: RegisteredClient, now: datetime) -> str:
    """The signed request object inside an encrypted one; one that is not encrypted comes back as it is.

    Nobody has verified the signature yet.

    Args:
        token: as received.
        client: who says that it sent it.
        now: aware; decides which client secrets live.

    Raises:
        JoseError: it does not open, or what is inside is no signed JWT (CVE-2026-9793).
    """
    if not jwe.is_encrypted(token):
        return token
    keys = store.decryption_keys()
    if client.metadata.get(_ROWS[REQUEST_OBJECT].alg) == DIRECT and settings.FEATURES.encryption:
        keys += tuple(jwe.secret_key(secret) for secret in secrets.readable(client, now))
    return jwe.decrypt(token, keys, typ=_REQUEST_OBJECT_TYPES, limit=settings.LIMITS.jose_bytes)


def open_hint(token: str) -> str:
    """The ID token inside one that its client encrypted to us (OpenID Connect Core §3.1.2.1); or as it is.

    Raises:
        JoseError: see ``open_request_object``.
    """
    if not jwe.is_encrypted(token):
        return token
    return jwe.decrypt(token, store.decryption_keys(), limit=settings.LIMITS.jose_bytes)

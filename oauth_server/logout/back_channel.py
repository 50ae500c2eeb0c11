"""Logout tokens, sent from server to server when a sign-in ends (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings

from oauth_server.clients import encryption, registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import may_learn_subjects, sid_of, subject_of
from oauth_server.models import Consent, Participation
from oauth_server.outbound import fetch
from oauth_server.outbox.put import put
from oauth_server.outbox.topics import DeliveryError, Effect, Letter
from oauth_server.protocol.errors import InvalidRequest
from oauth_server.tokens.id_token import signer_for

TOPIC: Final = "back_channel_logout"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_JWT_TYPE: Final = "logout+jwt"
# §2.4: preferably at most two minutes, so that a token that leaks is soon worth nothing.
SECONDS: Final = 120


def tell_participants(sids: Iterable[str], user_id: uuid.UUID, now: datetime) -> int:
    """Put a logout token in the outbox for every client that took part and wants one; answers how many.

    Args:
        sids: the sign-ins that ended.
        user_id: whose they were.
        now: aware UTC.
    """
    return put(
        TOPIC,
        (
            {"client_id": client_id, "sid": sid, "user": str(user_id)}
            for sid, client_id in Participation.objects.clients(sids)
            if (client := registry.get(client_id)) is not None and _address(client)
        ),
        now,
    )


def tell_everybody(user_id: uuid.UUID, now: datetime) -> int:
    """Put a logout token in the outbox for every client that ever signed a person in and wants one; answers how many.

    For a person who is gone: the token names the last sign-in that the client took part in, or the person alone (§2.4).

    Args:
        user_id: the person.
        now: aware UTC.
    """
    known = dict.fromkeys(Consent.objects.clients(user_id), "") | Participation.objects.last_sign_ins(user_id)
    return put(
        TOPIC,
        (
            {"client_id": client_id, "sid": sid, "user": str(user_id)}
            for client_id, sid in known.items()
            if (client := registry.get(client_id)) is not None and _address(client) and (sid or _knows_by_sub(client))
        ),
        now,
    )


def _knows_by_sub(client: RegisteredClient) -> bool:
    """Whether a token without ``sid`` says anything to a client."""
    needs_sid = bool(client.metadata.get("backchannel_logout_session_required"))
    return not needs_sid and may_learn_subjects(client, _address(client))


def _address(client: RegisteredClient) -> str:
    return str(client.metadata.get("backchannel_logout_uri", "")) if client.is_active else ""


def prepare(letter: Letter, now: datetime) -> Effect | None:
    """Build the token of one client, anew at each try: it is signed with today's key and lives two minutes.

    None when the client is gone, disabled, or does not want to be told any more, and when it may not be told who.
    """
    client = registry.get(letter.payload["client_id"])
    address = _address(client) if client is not None else ""
    if client is None or not address or not (letter.payload["sid"] or may_learn_subjects(client, address)):
        return None
    return partial(_send, client, address, logout_token(client, letter, now), now)


def logout_token(client: RegisteredClient, letter: Letter, now: datetime) -> str:
    """The token, signed (§2.4). Its ``jti`` is the same at every try, so that a client can tell a repetition.

    Outside of the client's sector it names the sign-in alone, which §2.4 allows.
    """
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": settings.ISSUER,
        "aud": client.client_id,
        "iat": issued,
        "exp": issued + SECONDS,
        "jti": str(letter.key),
        "events": {EVENT: {}},
    }
    if may_learn_subjects(client, _address(client)):
        claims["sub"] = subject_of(client, letter.payload["user"])
    if letter.payload["sid"]:
        claims["sid"] = sid_of(client, letter.payload["sid"])
    return signer_for(client, client.id_token_signed_response_alg, now).sign(claims, typ=LOGOUT_JWT_TYPE)


def _send(client: RegisteredClient, address: str, signed: str, now: datetime) -> None:
    # §2.4: encrypted with the keys of the client's ID tokens. Here, because those keys may have to be fetched.
    try:
        token = encryption.to_client(client, encryption.ID_TOKEN, signed, now, extra_header={"iss": settings.ISSUER})
        fetch.post(address, {"logout_token": token})
    except InvalidRequest as error:
        raise DeliveryError(error.description) from error
    except fetch.FetchError as error:
        raise DeliveryError(str(error)) from error

"""The last step: spend the interaction, issue the code, note who took part. One transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from identity.models import LoginSession
from identity.subjects import public_subject
from oauth_server.audit.events_authorize import CodeIssued
from oauth_server.audit.record import record_later
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients import first_use
from oauth_server.clients.client import RegisteredClient
from oauth_server.models import Consent, Interaction, Participation
from oauth_server.protocol import scopes
from oauth_server.tokens.code import CodeGrant, issue_code


class AlreadyFinishedError(Exception):
    """Another tab has answered the client for this interaction, or its time is over."""


def spend(interaction: Interaction | None, now: datetime) -> None:
    """Of any number of tabs exactly one gets past this; a request that needed no step has nothing to spend.

    Raises:
        AlreadyFinishedError: somebody was faster.
    """
    if interaction is not None and Interaction.objects.finish(bytes(interaction.digest), now) is None:
        raise AlreadyFinishedError


def respond(
    asked: AuthorizeRequest,
    client: RegisteredClient,
    session: LoginSession,
    consent: Consent | None,
    interaction: Interaction | None,
    now: datetime,
) -> dict[str, str]:
    """The members of the successful answer (RFC 6749 §4.1.2).

    Raises:
        AlreadyFinishedError: see ``spend``.
    """
    grant = CodeGrant(
        client=client,
        user_id=session.user_id,
        # RFC 6749 §4.1.3: only a redirect_uri that was sent must come again at the token endpoint.
        redirect_uri=asked.redirect_uri if asked.redirect_uri_given else "",
        scope=asked.scope,
        session_sid=session.sid,
        consent_id=consent.pk if consent else None,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=tuple(session.amr),
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        code_challenge_method=asked.code_challenge_method,
        resource=asked.resource,
    )
    with transaction.atomic():
        spend(interaction, now)
        code = issue_code(grant, now)
        Participation.objects.take_part(session.sid, client.pk, now)
    first_use.note(client)
    record_later(
        CodeIssued(client_id=client.client_id, user=public_subject(session.user_id), scope=scopes.join(asked.scope))
    )
    return {"code": code}

"""The last step: mint what was asked for, then spend the interaction, save, and note who took part. One statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypedDict

import uuid_utils.compat

from identity.models import LoginSession, User
from identity.sign_in import assurance
from identity.sign_in.assurance import Proof
from identity.subjects import public_subject
from oauth_server.audit.events_authorize import CodeIssued, TokensIssuedAtFront
from oauth_server.audit.record import record_later
from oauth_server.authorize import quotas, response_modes
from oauth_server.authorize.left_out import narrowed
from oauth_server.authorize.prompts import demand_of
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients import encryption, first_use
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.models import Consent, Interaction, Participation
from oauth_server.models.spending import NewRow, write
from oauth_server.models.standing import Person
from oauth_server.protocol import scopes
from oauth_server.tokens import code
from oauth_server.tokens.authorization import Authorization
from oauth_server.tokens.code import CodeGrant
from oauth_server.tokens.issue import issue_at_front


class AlreadyFinishedError(Exception):
    """Another tab has answered the client for this interaction, or its time is over."""


def spend(interaction: Interaction | None, now: datetime, rows: Sequence[NewRow] = ()) -> None:
    """Of any number of tabs exactly one gets past this, with its rows saved; a request that needed no step has nothing to spend.

    Raises:
        AlreadyFinishedError: somebody was faster.
    """
    if interaction is None:
        write(*rows)
    elif not Interaction.objects.finish(bytes(interaction.digest), now, rows):
        raise AlreadyFinishedError


def respond(
    asked: AuthorizeRequest,
    client: RegisteredClient,
    session: LoginSession,
    consent: Consent | None,
    interaction: Interaction | None,
    now: datetime,
) -> dict[str, str]:
    """The members of the successful answer (RFC 6749 §4.1.2; OpenID Connect Core §3.2.2.5, §3.3.2.5).

    Raises:
        AlreadyFinishedError: see ``spend``.
        InvalidRequest: the client wants something of it encrypted and has no usable key; nothing was spent.
        TemporarilyUnavailable: too many answers for this person.
    """
    quotas.answer(session.user_id)
    asked = narrowed(asked, client, consent)
    wanted = frozenset(asked.response_type.split(" "))
    members: dict[str, str] = {}
    # The client's key may have to be fetched; no transaction waits for that.
    if "id_token" in wanted:
        encryption.prepare(client, encryption.ID_TOKEN, now)
    if response_modes.is_jwt(asked.response_mode):
        encryption.require(client, encryption.AUTHORIZATION, now)
    sign_in = _sign_in(asked, session, demand_of(asked, client, interaction, now).counted(session.proved))
    rows = [Participation.objects.part(session.sid, client.pk, now)]
    if "code" in wanted:
        members["code"], row = code.mint(_code_grant(asked, client, session, consent, sign_in), now)
        rows.append(row)
    if wanted != {"code"}:
        more, needed = issue_at_front(
            _authorization(asked, client, session, consent, sign_in),
            now,
            wanted=wanted,
            code=members.get("code", ""),
            person=lambda: Person(session.user, User.objects.owns_email(session.user)),
        )
        members |= more
        rows += needed
    spend(interaction, now, rows)
    first_use.note(client)
    who = {"client_id": client.client_id, "user": public_subject(session.user_id), "scope": scopes.join(asked.scope)}
    if "code" in wanted:
        record_later(CodeIssued(**who))
    if wanted != {"code"}:
        record_later(TokensIssuedAtFront(**who, response_type=asked.response_type))
    return members


class _SignIn(TypedDict):
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]


def _sign_in(asked: AuthorizeRequest, session: LoginSession, counted: Collection[Proof]) -> _SignIn:
    """What is said of the sign-in: no more than the proofs say that are as young as the client wants them."""
    return {
        "auth_time": assurance.auth_time_of(counted, session.auth_time),
        "acr": assurance.reported(assurance.acr_of(counted), asked.preferred_acr),
        "amr": assurance.amr_of(counted),
    }


def _code_grant(
    asked: AuthorizeRequest, client: RegisteredClient, session: LoginSession, consent: Consent | None, sign_in: _SignIn
) -> CodeGrant:
    return CodeGrant(
        client=client,
        user_id=session.user_id,
        # RFC 6749 §4.1.3: only a redirect_uri that was sent must come again at the token endpoint.
        redirect_uri=asked.redirect_uri if asked.redirect_uri_given else "",
        scope=asked.scope,
        session_sid=session.sid,
        consent_id=consent.pk if consent else None,
        **sign_in,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        code_challenge_method=asked.code_challenge_method,
        claims=asked.claims,
        resource=asked.resource,
    )


def _authorization(
    asked: AuthorizeRequest, client: RegisteredClient, session: LoginSession, consent: Consent | None, sign_in: _SignIn
) -> Authorization:
    return Authorization(
        client=client,
        grant_type="implicit",
        scope=asked.scope,
        sub=subject_of(client, session.user_id),
        user_id=session.user_id,
        # Not the family of a code beside it: whoever has that one redeems it later, and its replay ends what it issued.
        family=uuid_utils.compat.uuid7(),
        new_family=True,
        session_sid=session.sid,
        consent_id=consent.pk if consent else None,
        **sign_in,
        nonce=asked.nonce,
        claims=asked.claims,
        resource=asked.resource,
        audience=asked.resource,
    )

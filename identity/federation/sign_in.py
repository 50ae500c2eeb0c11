"""Somebody from elsewhere signs in, links, or becomes a person here: what ``linking`` decided is done, in allauth's own flows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.internal.flows.login import (
    clear_authentication_records,
    perform_login,
    record_authentication,
)
from allauth.account.models import Login
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from identity.federation import waiting
from identity.federation.assurance import Vouched
from identity.federation.connection import Connection, at_issuer
from identity.federation.mapping import mapped, take_over
from identity.federation.profile import Stranger
from identity.federation.provider import kept
from identity.federation.refusal import Reason, Refused
from identity.models import Upstream, User, linked
from identity.sessions.read import current
from identity.sign_in.context import demand_of
from identity.sign_in.device import remember
from identity.sign_in.stages.kept import keep_second_steps
from identity.signals import account_changed


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came from a provider, and how.

    Attributes:
        made: the provider.
        stranger: who they are there.
        vouched: what the provider vouches for.
        sealed_id_token: see ``waiting.seal_id_token``.
        next: where to go afterwards.
    """

    made: Connection
    stranger: Stranger
    vouched: Vouched
    sealed_id_token: str = ""
    next: str = ""

    @property
    def origin(self) -> waiting.Origin:
        """What waits in the session for the end of the sign-in."""
        return waiting.Origin(
            self.made.slug, self.stranger.issuer, self.stranger.subject, self.stranger.sid, self.sealed_id_token
        )


def enter(request: HttpRequest, arrival: Arrival, account: SocialAccount, now: datetime) -> HttpResponse:
    """Sign the owner of a linked account in: allauth's stages ask for what is still missing, a second step among it.

    Args:
        request: of the browser that came back.
        arrival: who came.
        account: their linked account.
        now: aware UTC.
    """
    user: User = account.user
    _refresh(arrival, account)
    state = keep_second_steps(current(request, now), user, demand_of(request))
    login = Login(user=user, redirect_url=arrival.next or None, state=state)
    return complete(request, arrival, account, lambda: perform_login(request, login))


def complete(
    request: HttpRequest, arrival: Arrival, account: SocialAccount, go: Callable[[], HttpResponse]
) -> HttpResponse:
    """Go through allauth's steps of a sign-in that began with a provider.

    Args:
        request: of the browser that came back.
        arrival: who came.
        account: their linked account.
        go: allauth's flow.
    """
    # What an earlier sign-in in this browser proved counts for nothing in this one, and nothing of that one changes until this
    # one is complete (CVE-2023-6787).
    clear_authentication_records(request)
    facts = {"provider": account.provider, "uid": account.uid, **arrival.vouched.record()}
    record_authentication(request, account.user, waiting.METHOD, **facts)
    waiting.put(request, arrival.origin)
    request.user = AnonymousUser()
    response = go()
    signed_in: Any = request.user
    if isinstance(signed_in, User):
        remember(request, response, signed_in)
    return response


def _refresh(arrival: Arrival, account: SocialAccount) -> None:
    account.extra_data = kept(arrival.made, arrival.stranger)
    account.save()
    if arrival.made.row.sync == Upstream.Sync.ALWAYS:
        user: User = account.user
        if changed := take_over(user, mapped(arrival.stranger.claims, arrival.made.claims)):
            user.save(update_fields=[*changed, "updated_at"])


def link(request: HttpRequest, arrival: Arrival, user: User) -> SocialAccount:
    """Link an account elsewhere to a person here, and tell them by mail.

    Raises:
        Refused: it was linked to somebody in the meantime.
    """
    with transaction.atomic():
        stranger = arrival.stranger
        account = linked.link(user, stranger.issuer, stranger.subject, kept(arrival.made, stranger))
        if account is None:
            raise Refused(Reason.LINKED_ELSEWHERE)
        account_changed.send(sender=User, user=user, fact="account:connection:added", request=request)
    _tell(user, "account_connected", account)
    return account


def tell_unlinked(user: User, account: SocialAccount) -> None:
    """Tell a person by mail that an account elsewhere opens theirs no more."""
    _tell(user, "account_disconnected", account)


def _tell(user: User, what: str, account: SocialAccount) -> None:
    provider = at_issuer(account.provider)
    context = {
        "provider_name": provider.name if provider else account.provider,
        "account_name": str(account.extra_data.get("email", "")),
    }
    get_adapter().send_notification_mail(f"socialaccount/email/{what}", user, context)

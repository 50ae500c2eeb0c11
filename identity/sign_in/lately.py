"""Before anything changes that opens an account, the person proves anew who they are (ASVS 7.5.1): one rule for every page."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from identity.models import LoginSession, factors
from identity.sign_in.assurance import SECOND, fresh


def proved_lately(session: LoginSession, now: datetime) -> bool:
    """Whether the person proved who they are within ``ACCOUNT_REAUTHENTICATION_TIMEOUT``: by signing in, or again since.

    Whoever has a second step proves that one: else a password that was phished and an old session would be enough to add a
    key of the thief's and to take the owner's away.

    Args:
        session: their sign-in; the time of what was proved elsewhere is the provider's word.
        now: aware UTC.
    """
    lately = fresh(session.proved, now - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT))
    if any(SECOND in proof.factors for proof in lately):
        return True
    return bool(lately) and not factors.second_steps_of(session.user)


def prove_again(session: LoginSession | None, back: str) -> HttpResponse:
    """Where they do: the page that asks for the second step, else for the password; for whoever has only a provider, the sign-in page.

    Args:
        session: their sign-in; None for whoever has none.
        back: where to go afterwards.
    """
    query = {"next": back}
    if session is None or not get_reauthentication_flows(session.user):
        query |= {"prompt": "login"} if session else {}
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode(query)}", status=303)
    steps = factors.second_steps_of(session.user)
    # The password again would lead whoever has a second step back here, for ever.
    page = (
        "account_reauthenticate"
        if not steps
        else "mfa_reauthenticate"
        if "totp" in steps
        else "mfa_reauthenticate_webauthn"
    )
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode(query)}", status=303)

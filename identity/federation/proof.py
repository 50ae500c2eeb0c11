"""Before accounts are linked or unlinked, the person proves anew who they are (ASVS 7.5.1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from identity.models import LoginSession
from identity.sign_in.assurance import fresh


def proved_lately(session: LoginSession, now: datetime) -> bool:
    """Whether the person proved who they are within ``ACCOUNT_REAUTHENTICATION_TIMEOUT``: by signing in, or again since.

    Args:
        session: their sign-in; the time of what was proved elsewhere is the provider's word.
        now: aware UTC.
    """
    return bool(fresh(session.proved, now - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)))


def prove_again(session: LoginSession | None, back: str) -> HttpResponse:
    """Where they do: the page that asks again, or the sign-in page for whoever has only a provider.

    Args:
        session: their sign-in; None for whoever has none.
        back: where to go afterwards.
    """
    query = {"next": back}
    if session is None or not get_reauthentication_flows(session.user):
        query |= {"prompt": "login"} if session else {}
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode(query)}", status=303)
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode(query)}", status=303)

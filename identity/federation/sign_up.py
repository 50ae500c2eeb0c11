"""Somebody from elsewhere becomes a person here: with a form, or at once where the operator wants it so."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.signup import complete_signup
from allauth.socialaccount.forms import SignupForm
from allauth.socialaccount.models import SocialLogin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from identity.federation.provider import social_login
from identity.federation.refusal import Reason, Refused
from identity.federation.sign_in import Arrival, complete
from identity.models import User, linked
from identity.sign_in.forms import FromAllowedDomain, PlainForm


class NewcomerForm(FromAllowedDomain, PlainForm, SignupForm):
    """Username and e-mail address, as the provider says them until somebody writes others."""

    def validate_unique_email(self, value: str) -> str:
        """An address that the provider vouches for is free unless somebody has proved to own it.

        Whoever merely typed it into an account of theirs must not keep its owner out (pre-hijacking).
        """
        if value == vouched_email(self.sociallogin) and linked.owner_of_email(value) is None:
            return value
        return str(super().validate_unique_email(value))


def vouched_email(login: SocialLogin) -> str:
    """The address that counts as verified without a mail; empty for none."""
    return next((address.email for address in login.email_addresses if address.verified), "")


def offer(request: HttpRequest, arrival: Arrival) -> SocialLogin:
    """What a newcomer would be called here: proposed, not stored."""
    login = social_login(arrival.made, arrival.stranger, request)
    login.user.username = _free_username(login.user.username)
    return login


def save(request: HttpRequest, login: SocialLogin, form: Any = None) -> User:
    """Store a newcomer with their linked account and their address; all of it or nothing.

    Args:
        request: of their browser.
        login: see ``offer``.
        form: what they chose, if they were asked.

    Raises:
        Refused: somebody was faster: the account elsewhere is linked, or the address is owned.
    """
    adapter = get_adapter(request)
    user: User = login.user
    vouched = vouched_email(login)
    user.set_unusable_password()
    if form is None:
        adapter.populate_username(request, user)
    else:
        adapter.save_user(request, user, form, commit=False)
    user.email = user.email.lower()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            login.account.user = user
            login.account.save(force_insert=True)
            if user.email:
                User.objects.give_email(user, user.email, verified=user.email == vouched)
    except IntegrityError:
        raise Refused(Reason.LINKED_ELSEWHERE, "Somebody was faster.") from None
    return user


def finish(request: HttpRequest, arrival: Arrival, login: SocialLogin) -> HttpResponse:
    """Sign a newcomer in, or have them confirm their address first."""
    return complete(
        request,
        arrival,
        login.account,
        lambda: complete_signup(request, user=login.user, redirect_url=arrival.next or None),
    )


def at_once(request: HttpRequest, arrival: Arrival) -> HttpResponse:
    """Without a question."""
    login = offer(request, arrival)
    save(request, login)
    return finish(request, arrival, login)


def _free_username(wanted: str) -> str:
    """What somebody is called elsewhere, if it can be a username here and nobody has it; else empty, and one is made."""
    try:
        return str(get_adapter().clean_username(wanted)) if wanted else ""
    except ValidationError:
        return ""

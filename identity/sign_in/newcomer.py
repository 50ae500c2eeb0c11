"""Somebody who signs up with a passkey: nobody until the address is proved and the passkey is made, then all at once.

django-allauth makes the account first and asks for the passkey last; whoever closes the browser in between has an account that
nothing opens, and whoever typed somebody else's address has put a row there. Here what was typed waits in the browser's session.
The account, its confirmed address, its passkey and its recovery codes are one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from allauth.account.adapter import get_adapter
from allauth.account.models import Login
from allauth.account.signals import user_signed_up
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal.flows import signup_authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils.translation import gettext as _

from identity.models import Invitation, User
from identity.models.linked import owner_of_email
from identity.sign_in.assurance import WAYS, Proof
from identity.sign_in.forms import NewAccountForm
from identity.sign_in.mailed import WRONG_CODE, MailedCode, MailedCodeForm
from identity.sign_in.sign_up import invitation_of
from identity.sign_in.stages.kept import keep
from identity.signals import account_changed, sign_up_begun, sign_up_refused

# In the state of allauth's Login.
_NEWCOMER: Final = "newcomer"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What is known of somebody before there is an account.

    Attributes:
        key: the subject that they will have; their passkey names it (Web Authentication Level 3 §5.4.3, the user handle).
        username: as it was typed.
        email: in lower case.
        invited: whether the link of an invitation proved the address.
        terms: the version that they accepted; empty where there is none.
        proved: when the address was proved, in seconds since 1970; 0 before that.
    """

    key: str
    username: str
    email: str
    invited: bool
    terms: str
    proved: float = 0.0

    @classmethod
    def of(cls, login: Login) -> Self | None:
        """Who signs up in this sign-in that is under way; None when somebody merely signs in."""
        stored = login.state.get(_NEWCOMER)
        return cls(**stored) if stored else None

    def keep_in(self, login: Login) -> None:
        """Note them there."""
        login.state[_NEWCOMER] = asdict(self)

    def with_proof(self, now: datetime) -> Self:
        """The same, whose address is proved."""
        return replace(self, proved=now.timestamp())

    def person(self) -> User:
        """Who they will be; not stored."""
        return User(id=uuid.UUID(self.key), username=self.username, email=self.email)


class TurnedAwayError(Exception):
    """There will be no account, and nothing has changed.

    Attributes:
        reason: invitation_over, address_taken or refused.
        sentences: what to tell the person.
    """

    def __init__(self, reason: str, *sentences: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentences = sentences


class PasskeySignUpForm(NewAccountForm):
    """Username and e-mail address of somebody who will have a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "by_passkey": True})

    def validate_unique_email(self, value: str) -> str:
        """Only whoever proved to own the address has it: this person is about to, and a mere claim keeps nobody out."""
        self.account_already_exists = owner_of_email(value) is not None
        return value

    def newcomer(self, now: datetime) -> Newcomer:
        """Of a valid form."""
        typed = self.cleaned_data
        newcomer = Newcomer(
            str(uuid.uuid4()),
            typed["username"],
            typed["email"],
            invited=self.invitation is not None,
            terms=settings.TERMS_VERSION,
        )
        return newcomer.with_proof(now) if newcomer.invited else newcomer


class SignUpCode(MailedCode):
    """A code that proves the address of a newcomer; whose address has an account is told so by mail, and the page stays the same."""

    asked: ClassVar[Signal] = sign_up_begun
    refused: ClassVar[Signal] = sign_up_refused

    def mail(self, owner: User | None) -> None:
        """One mail either way."""
        if owner:
            get_adapter().send_account_already_exists_mail(self.email)
        else:
            facts = {**self.facts(), "code": self.generate_code()}
            get_adapter().send_mail("account/email/signup_code", self.email, facts)


class SignUpCodeForm(MailedCodeForm):
    """The code."""

    process: SignUpCode

    def clean_code(self) -> str:
        """The code.

        Raises:
            ValidationError: it is not right.
        """
        code = str(self.cleaned_data["code"])
        owner = owner_of_email(self.process.email)
        if not self.process.takes(code, owner, self.now, may=not self.process.state["owner"]):
            raise ValidationError(WRONG_CODE)
        return code


def make(
    request: HttpRequest, newcomer: Newcomer, credential: Mapping[str, Any], name: str, now: datetime
) -> Authenticator:
    """Make the account, with everything that it needs or not at all. What was typed is judged again: time has passed.

    Args:
        request: of their browser.
        newcomer: whose address is proved.
        credential: of the passkey, judged.
        name: what the passkey is called.
        now: aware UTC.

    Returns:
        The passkey; its ``user`` is the new person.

    Raises:
        TurnedAwayError: the name or the address was taken meanwhile, or the invitation is over.
    """
    invitation = invitation_of(request) if newcomer.invited else None
    if newcomer.invited and (invitation is None or invitation.email != newcomer.email):
        raise TurnedAwayError("invitation_over")
    typed = {"username": newcomer.username, "email": newcomer.email}
    if newcomer.terms == settings.TERMS_VERSION:
        typed["terms"] = "on"
    form = PasskeySignUpForm(typed, invitation=invitation)
    form.unasked = {"id": newcomer.person().id}  # as whom the passkey knows them; there is no password
    if not form.is_valid():
        raise TurnedAwayError("refused", *(str(error) for errors in form.errors.values() for error in errors))
    if form.account_already_exists:
        raise TurnedAwayError("address_taken", _("You have an account with this address already. Sign in."))
    try:
        with transaction.atomic():
            return _made(request, form, credential, name, now)
    except IntegrityError as error:  # two at once
        raise TurnedAwayError("refused", _("Somebody was faster. Choose another username.")) from error


def _made(
    request: HttpRequest, form: PasskeySignUpForm, credential: Mapping[str, Any], name: str, now: datetime
) -> Authenticator:
    if form.invitation and not Invitation.objects.spend(form.invitation, now):
        raise TurnedAwayError("invitation_over")
    user = form.save(request)
    user_signed_up.send(sender=User, request=request, user=user)
    if not form.invitation:
        User.objects.give_email(user, user.email, verified=True)
        account_changed.send(sender=User, user=user, fact="account:email:verified", request=request)
    passkey: Authenticator = signup_authenticator(request, user, name, dict(credential))
    # Or whoever loses the key has no way back: a password that is set by mail asks for a second step.
    RecoveryCodes.activate(user)
    return passkey


def proofs(newcomer: Newcomer, amr: tuple[str, ...], now: datetime) -> dict[str, Any]:
    """What the sign-in that follows is worth, as its state keeps it: the mailbox, or the link in it, and the key that was made.

    Args:
        newcomer: whose account has just been made.
        amr: RFC 8176's words for the key.
        now: aware UTC.
    """
    way = "other" if newcomer.invited else "email_code"
    return keep([Proof(way, newcomer.proved, WAYS[way].amr), Proof("new_key", now.timestamp(), amr)])

"""Codes by mail: who is sent one, how often, and what it takes to spend it. django-allauth's process with this house's rules.

A code belongs to the browser session that asked for it, where allauth keeps what is under way; of the code itself only a keyed
digest stands there. It goes to addresses that their owner has confirmed: whoever merely typed somebody's address at sign-up
must not share an account with them (pre-hijacking).
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStage, LoginStageController
from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from django.conf import settings
from django.core.exceptions import ValidationError
from django.dispatch import Signal
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from identity import at_rest
from identity.account.devices import describe
from identity.models import SpentMailedCode, User
from identity.models.linked import owner_of_email
from identity.sign_in.device import device_of
from identity.sign_in.forms import PlainForm
from identity.sign_in.throttle import HOUR, Guess, Limit, spend
from identity.signals import code_mailed, code_refused, guessing_blocked

# Asking is what is limited most: each time a mail goes to somebody. A browser that the person knows has a limit of its own,
# so that a stranger who asks in their name does not keep them out.
ASKING: Final = (
    Limit(("address",), 60, HOUR),
    Limit(("account", "address"), 5, HOUR),
    Limit(("account",), 10, HOUR),
    Limit(("account", "device"), 10, HOUR),
)
TRIES: Final = 5


class EmailCodeStage(LoginByCodeStage):
    """allauth's stage, which does not hold a person who goes back to the sign-in page for another way."""

    def is_resumable(self, request: HttpRequest) -> bool:
        """The page for the code is found by its own address; the sign-in page stays the sign-in page."""
        del request
        return not self.state


class MailedCode(LoginCodeVerificationProcess):
    """A code that is under way."""

    # What is told of it: it was asked for, it was typed wrong.
    asked: ClassVar[Signal] = code_mailed
    refused: ClassVar[Signal] = code_refused

    @classmethod
    def begin(cls, request: HttpRequest, owner: User | None, email: str, wanted: str | None) -> Self:
        """Mail a code, or to the owner of an address that opens nothing a mail that says so.

        The sign-in that is under way is nobody's until the code is typed: so it costs the same whoever is meant.

        Args:
            request: of the browser that the code will work in.
            owner: who confirmed the address; None for nobody.
            email: in lower case, as the table has it.
            wanted: where the person wants to go; a page of ours.
        """
        login = Login(email=email, redirect_url=wanted)
        login.state["stages"] = {"current": EmailCodeStage.key}
        return cls.send_at(EmailCodeStage(LoginStageController(request, login), request, login), owner, email)

    @classmethod
    def send_at(cls, stage: LoginStage, owner: User | None, email: str) -> Self:
        """Mail a code at this stage of what is under way; an earlier one is void from now on.

        Args:
            stage: whose state keeps what is known of the code.
            owner: who confirmed the address; None for nobody.
            email: in lower case, as the table has it.
        """
        stage.state.update(
            cls.initial_state(user=None, email=email),
            owner=str(owner.pk) if owner else "",
            key=secrets.token_urlsafe(12),
            code="",
        )
        process = cls(stage)
        process.mail(owner)
        process.persist()
        cls.asked.send(sender=User, user=owner, request=stage.request)
        return process

    @classmethod
    def resume(cls, stage: LoginStage) -> Self | None:
        """What is under way; None when its time is over."""
        found: Self | None = cls(stage).abort_if_invalid()
        return found

    @property
    def email(self) -> str:
        """Where it was sent."""
        return str(self.state["email"])

    def generate_code(self) -> str:
        """A new code; its digest is what stays here."""
        code: str = super().generate_code()
        self.state["code"] = self._digest(code)
        return code

    def _digest(self, typed: str) -> str:
        meant = f"mailed code {self.state['key']} {normalize_user_code(typed)}"
        return base64.b64encode(at_rest.digest(meant)).decode()

    def facts(self) -> dict[str, Any]:
        """What a mail says of who asked for it."""
        return {
            "browser": describe(self.request.META.get("HTTP_USER_AGENT", "")),
            "ip": self.request.META.get("REMOTE_ADDR", ""),
            "minutes": max(1, settings.LIFETIMES.email_code // 60),
        }

    def mail(self, owner: User | None) -> None:
        """One mail either way, of the same cost: from the page nobody can tell which."""
        signup_url = reverse("account_signup") if get_adapter().is_open_for_signup(self.request) else ""
        facts = {**self.facts(), "signup_url": signup_url}
        if owner:
            get_adapter().send_mail("account/email/login_code", self.email, {**facts, "code": self.generate_code()})
        else:
            get_adapter().send_mail("account/email/login_code_unknown", self.email, facts)

    def takes(self, typed: str, owner: User | None, now: datetime, *, may: bool) -> bool:
        """Whether this is the code, which is used up by it; False too when so many were wrong that it is not looked at.

        Tries are counted before they are judged, and a right code is spent in a table: parallel requests all read the session
        as it was.

        Args:
            typed: by the person.
            owner: of the address, if it has one.
            now: aware UTC.
            may: whether a code could be right at all; it takes as long when none could.
        """
        guess = Guess(self.state["key"], "", purpose="mailed_code")
        if not spend(guess, (Limit(("account",), TRIES, settings.LIFETIMES.email_code),)):
            guessing_blocked.send(sender=User, credentials={"email": self.email}, request=self.request)
            return False
        is_right = constant_time_compare(self._digest(typed), self.code) and may
        void = now + timedelta(seconds=settings.LIFETIMES.email_code)
        if is_right and SpentMailedCode.objects.first_time(self.code, void):
            return True
        self.refused.send(sender=User, user=owner, request=self.request)
        return False

    def judge(self, typed: str, now: datetime) -> User | None:
        """Whose account the code opens; None when it is wrong.

        The address is asked for again: its owner may have taken it off the account meanwhile.

        Args:
            typed: by the person.
            now: aware UTC.
        """
        owner = owner_of_email(self.email)
        if owner is not None and str(owner.pk) != self.state["owner"]:
            owner = None
        return owner if self.takes(typed, owner, now, may=owner is not None) else None


def may_ask(request: HttpRequest, email: str, owner: User | None) -> bool:
    """Count a mail with a code that somebody asks for; False when it is one too many, and is not to be sent.

    Args:
        request: of whoever asks.
        email: in lower case.
        owner: of the address, if it has one.
    """
    where = request.META.get("REMOTE_ADDR", ""), device_of(request, owner)
    if spend(Guess(email, *where, purpose="code_by_mail"), ASKING):
        return True
    guessing_blocked.send(sender=User, credentials={"email": email}, request=request)
    return False


TOO_MANY: Final = _("Too many codes were asked for. Wait an hour, or sign in another way.")
WRONG_CODE: Final = _("This code is not right. Look for the newest mail and type it as it stands there.")


class AskForCodeForm(PlainForm, account.RequestLoginCodeForm):
    """An address."""

    owner: User | None = None

    def clean_email(self) -> str:
        """The address, in lower case whoever it is: the page that repeats it must not tell how it is stored.

        Raises:
            ValidationError: too many were asked for.
        """
        email = str(self.cleaned_data["email"]).lower()
        self.owner = owner_of_email(email)
        if not may_ask(context.request, email, self.owner):
            raise ValidationError(TOO_MANY)
        if self.owner is not None and not self.owner.is_active:
            self.owner = None
        return email


class MailedCodeForm(PlainForm, account.ConfirmLoginCodeForm):
    """The code."""

    def __init__(self, *args: Any, process: MailedCode, now: datetime, **kwargs: Any) -> None:
        self.process = process
        self.now = now
        self.owner: User | None = None
        super().__init__(*args, **kwargs)

    def clean_code(self) -> str:
        """The code.

        Raises:
            ValidationError: it is not right.
        """
        code = str(self.cleaned_data["code"])
        self.owner = self.process.judge(code, self.now)
        if self.owner is None:
            raise ValidationError(WRONG_CODE)
        return code

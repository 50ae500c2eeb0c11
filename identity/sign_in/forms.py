"""django-allauth's forms in this house's words: labels say what to type, nothing is said twice, help stands under the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allauth.account import forms as account
from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.forms import BooleanField, Form
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from identity.account.terms import accept
from identity.models import Invitation, User, factors
from identity.models.linked import owner_of_email, proven_by
from identity.sign_in import codes
from identity.sign_in.throttle import give_back, spend
from identity.signals import account_changed, guessing_blocked

# Field → (label, help). A password is typed once when it can be reset by mail, so there is no second field to explain.
WORDS: Final[dict[str, tuple[Any, Any]]] = {
    "email": (_("Email address"), ""),
    "username": (_("Username"), _("Letters, digits and . - + _")),
    "oldpassword": (_("Current password"), ""),
    "password": (_("Password"), ""),
    "password1": (_("New password"), _("At least 10 characters. Several words are easy to remember.")),
    "password2": (_("New password, again"), ""),
    "code": (_("Code"), ""),
}
ATTRIBUTES: Final[dict[str, dict[str, str]]] = {
    "username": {"autocapitalize": "none", "spellcheck": "false"},
    "code": {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
}


class PlainForm(Form):
    """Takes placeholders away (they vanish when they are needed) and says the words above."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs.update(ATTRIBUTES.get(name, {}))
            field.label, field.help_text = WORDS.get(name, (field.label, field.help_text))


class SignInForm(PlainForm, account.LoginForm):
    """Username or e-mail address, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("Username or email address")
        # Whoever is known types the password first. Lengths are bounded: a hash of a megabyte is a gift to an attacker.
        known = bool(self.initial.get("login"))
        login.widget.attrs.update(
            autocomplete="username webauthn", autocapitalize="none", spellcheck="false", maxlength="254"
        )
        login.widget.attrs["autofocus"] = not known
        password.widget.attrs.update(maxlength="1024", autofocus=known)
        login.validators.append(MaxLengthValidator(254))
        password.validators.append(MaxLengthValidator(1_024))


def may_have_an_account(email: str) -> bool:
    """Whether people with an address of this domain may sign up: ``SIGN_UP_DOMAINS``, by whatever way they come."""
    domains = settings.SIGN_UP_DOMAINS
    return not domains or email.lower().rpartition("@")[2] in domains


class FromAllowedDomain(Form):
    """Mixed into whatever asks for the address of a new account: ``SIGN_UP_DOMAINS``."""

    def clean_email(self) -> str:
        """The address.

        Raises:
            ValidationError: it is of no domain whose people may sign up.
        """
        email = str(super().clean_email())  # type: ignore[misc]  # allauth's form
        if not may_have_an_account(email):
            domains = ", ".join(settings.SIGN_UP_DOMAINS)
            raise ValidationError(_("Only addresses of %(domains)s may sign up here."), params={"domains": domains})
        return email


class NewAccountForm(FromAllowedDomain, PlainForm, account.SignupForm):
    """Username and e-mail address, and the terms. Whoever was invited has the address of the invitation.

    Attributes:
        unasked: what the new person is stored with beside what was typed, by column: what opens the account.
    """

    unasked: Mapping[str, Any]

    def __init__(self, *args: Any, invitation: Invitation | None = None, **kwargs: Any) -> None:
        self.invitation = invitation
        super().__init__(*args, **kwargs)
        if settings.TERMS_VERSION:
            link = format_html('<a href="{}" target="_blank" rel="noopener noreferrer">', settings.TERMS_URL)
            end = mark_safe("</a>")  # a literal
            words = format_html(str(_("I accept the {link}terms of service{end}")), link=link, end=end)
            self.fields["terms"] = BooleanField(label=words)
        if invitation:
            # Django reads a disabled field from here and not from what was sent.
            self.initial["email"] = invitation.email
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        """Of the invitation, or of a domain that may sign up."""
        return account.SignupForm.clean_email(self) if self.invitation else super().clean_email()

    def validate_unique_email(self, value: str) -> str:
        """Whoever merely typed the address must not keep out whom an operator invited (pre-hijacking)."""
        if self.invitation and owner_of_email(value) is None:
            return value
        return str(super().validate_unique_email(value))

    def save(self, request: HttpRequest) -> User:
        """The new person. The link of an invitation was mailed to the address, which confirms it."""
        user: User = super().save(request)
        if settings.TERMS_VERSION:
            accept(request, user)
        if self.invitation:
            User.objects.give_email(user, self.invitation.email, verified=True)
            Invitation.objects.note_person(self.invitation, user)
            account_changed.send(sender=User, user=user, fact="account:invitation:accepted", request=request)
        return user


class SignUpForm(NewAccountForm):
    """The same with a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")

    def hash_password(self) -> None:
        """Before it is known what becomes of the form: no transaction waits, and an address with an account takes as long."""
        self.unasked = {"password": make_password(self.cleaned_data.pop("password1"))}


class AddEmailForm(PlainForm, account.AddEmailForm):
    """One more address."""

    def clean_email(self) -> str:
        """The address. Whoever has a second step and a confirmed address may add one, unlike at allauth.

        Its rule guards the owner of an address that somebody else's account claims, and whose reset would lead to a second
        step that is not theirs. Here an unconfirmed address beside a confirmed one opens nothing and resets nothing.

        Raises:
            ValidationError: they have it already, have too many, or none of theirs is confirmed.
        """
        try:
            return str(super().clean_email())
        except ValidationError as error:
            # allauth asks this last: nothing else is wrong with the address.
            if error.code != "add_email_blocked" or not User.objects.owns_email(self.user):
                raise
        return str(self.cleaned_data["email"]).lower()


class ChangePasswordForm(PlainForm, account.ChangePasswordForm):
    """The current password and a new one."""

    def clean_oldpassword(self) -> str:
        """The current password, judged and counted as at every other door: allauth's own form lets three hundred an hour be tried.

        Raises:
            ValidationError: it is wrong, or so many were that this one is not judged.
        """
        given = str(self.cleaned_data["oldpassword"])
        if not account_adapter().reauthenticate(self.user, given):
            raise account_adapter().validation_error("enter_current_password")
        return given


class SetPasswordForm(PlainForm, account.SetPasswordForm):
    """A first password."""


class ResetPasswordForm(PlainForm, account.ResetPasswordForm):
    """Where to send the link."""

    users: list[User]

    def clean_email(self) -> str:
        """The address, and in ``users`` whom a link by it may let in."""
        email = str(super().clean_email())
        self.users = proven_by(email, self.users)
        return email


class ResetPasswordKeyForm(PlainForm, account.ResetPasswordKeyForm):
    """A new password, by the link."""


class ReauthenticateForm(PlainForm, account.ReauthenticateForm):
    """The password again."""


class _SpentOnce(mfa.BaseAuthenticateForm):
    """A code, judged by this house's rules (``codes``)."""

    def clean_code(self) -> str:
        """The code, used up.

        Raises:
            ValidationError: it is wrong, was used before, or so many were wrong that this one is not judged.
        """
        code = str(self.cleaned_data["code"])
        guess = codes.guess_of(context.request, self.user)
        if not spend(guess, codes.LIMITS):
            guessing_blocked.send(sender=User, credentials={"username": self.user.username}, request=context.request)
            raise get_adapter().validation_error("too_many_codes")
        found = codes.spend(self.user, code)
        if found is None:
            for main in factors.makers_of_codes(self.user)[:1]:
                self._emit_authentication_failed(main)
            raise get_adapter().validation_error("incorrect_code")
        give_back(guess, codes.LIMITS)
        self.authenticator = found
        return code


class AuthenticateForm(PlainForm, _SpentOnce, mfa.AuthenticateForm):
    """The second step of a sign-in."""


class ReauthenticateByCodeForm(PlainForm, _SpentOnce, mfa.ReauthenticateForm):
    """A code again."""


class ActivateTOTPForm(PlainForm, totp.ActivateTOTPForm):
    """The first code of a new authenticator."""

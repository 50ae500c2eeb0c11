"""Every rule of this house that differs from django-allauth's default, and nothing else."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from identity import at_rest
from identity.federation import connection, sign_up, waiting
from identity.federation.provider import NAME, UpstreamProvider, app_of
from identity.look.choice import language_for
from identity.models import User, factors
from identity.sessions.afterwards import afterwards
from identity.sessions.read import current
from identity.sign_in import sign_up as sign_up_rules
from identity.sign_in.device import device_of
from identity.sign_in.forms import NewAccountForm
from identity.sign_in.lately import prove_again, proved_lately
from identity.sign_in.passwords import TooBusyError
from identity.sign_in.throttle import ACCOUNT_LIMITS, Guess, give_back, spend
from identity.signals import guessing_blocked

# Where allauth notes what was proved, and whose it is; and where a sign-in by a provider says where it comes from.
PROVED = (AUTHENTICATION_METHODS_SESSION_KEY, f"{AUTHENTICATION_METHODS_SESSION_KEY}_user", waiting.KEY)
# Stage of allauth → ours.
OUR_STAGES = {
    "allauth.account.stages.LoginByCodeStage": "identity.sign_in.mailed.EmailCodeStage",
    "allauth.mfa.stages.AuthenticateStage": "identity.sign_in.stages.second_step.SecondStepStage",
}
# Of somebody who signs up with a passkey, and is nobody until that is done.
NEWCOMERS = ("identity.sign_in.stages.newcomer.CodeStage", "identity.sign_in.stages.newcomer.PasskeyStage")
WRONG = _("The username, the email address or the password is not right.")


class AccountAdapter(DefaultAccountAdapter):
    """Accounts."""

    error_messages = {  # noqa: RUF012  # allauth's own shape
        **DefaultAccountAdapter.error_messages,
        # One sentence for every way to be wrong, or the form tells an address from a username that exists.
        "username_password_mismatch": WRONG,
        "email_password_mismatch": WRONG,
        "too_many_login_attempts": _("Too many wrong passwords. Wait an hour, or reset your password."),
        "incorrect_password": _("This password is not right."),
        "incorrect_code": _("This code is not right. Codes change every 30 seconds: try the newest one."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """REMOTE_ADDR, which the middleware has already set from trusted proxies alone."""
        return str(request.META.get("REMOTE_ADDR") or "unknown")

    def is_safe_url(self, url: str) -> bool:
        """Only our own paths: no host is needed to lead somebody back to a page of this server."""
        return (
            url.startswith("/")
            and not any(character in url for character in "\\\r\n\t\0")
            and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
        )

    def clean_username(self, username: str, shallow: bool = False) -> str:  # noqa: FBT001, FBT002  # allauth's signature
        """A name that looks like an address could be taken for its owner.

        Raises:
            ValidationError: the name is taken, malformed, or looks like an address.
        """
        if "@" in username:
            raise ValidationError(_("A username cannot contain @. Your email address goes into its own field."))
        try:
            return str(super().clean_username(username, shallow))
        except ValidationError as error:
            if error.code != "invalid":
                raise
            # Django's own sentence offers @, which is refused above.
            raise ValidationError(_("Use only letters, digits and . - + _ in a username."), code="invalid") from None

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Never the primary one: it resets the password, and codes are mailed to it.

        allauth lets the only address go, since there is a username to sign in with.
        """
        return not email_address.primary

    def get_login_stages(self) -> list[str]:
        """allauth's, some of them in this house's way; ours for newcomers before those that ask who somebody is, the rest behind."""
        first, *stages = [OUR_STAGES.get(stage, stage) for stage in super().get_login_stages()]
        return [
            first,
            *NEWCOMERS,
            *stages,
            "identity.sign_in.stages.terms.TermsStage",
            "identity.sign_in.stages.kept.KeptStage",
        ]

    def login(self, request: HttpRequest, user: User) -> None:
        """Django empties the session when another person takes the browser over; what that person has just proved stays."""
        if request.session.get(SESSION_KEY) not in {None, str(user.pk)}:
            news = {name: request.session[name] for name in PROVED if name in request.session}
            request.session.flush()
            request.session.update(news)
        # Django overwrites it; rows of former sign-ins are deleted in time, and a rest of months makes nobody new.
        request.is_first_sign_in = user.last_login is None  # type: ignore[attr-defined]  # for identity.sign_in.notice
        super().login(request, user)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """What the operator says."""
        return sign_up_rules.may_sign_up(request)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002  # allauth's signature
        """With what our form says opens the account."""
        super().save_user(request, user, form, commit=False)
        if isinstance(form, NewAccountForm):
            for column, value in form.unasked.items():
                setattr(user, column, value)
        if commit:
            user.save()
        return user

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Where the sign-out page leads."""
        return afterwards(request, timezone.now())

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Before allauth's own rule, which any one proof satisfies, comes this house's (``lately``).

        Raises:
            ReauthenticationRequired: what was proved lately is not enough.
            ImmediateHttpResponse: the same, for whoever can prove it only by signing in: allauth lets them pass.
        """
        request: HttpRequest = context.request
        session = current(request, timezone.now())
        if session is None or not proved_lately(session, timezone.now()):
            if session is None or not get_reauthentication_flows(session.user):
                raise ImmediateHttpResponse(prove_again(session, request.get_full_path()))
            raise ReauthenticationRequired
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """allauth's, without the password where it would not help, and without asking first for an app that is not there."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        now = timezone.now()
        session = current(context.request, now)
        steps = factors.second_steps_of(session.user) if session else frozenset()
        if session is None or not steps or proved_lately(session, now):
            return methods
        helpful = [one for one in methods if one["id"] != "reauthenticate"]
        return helpful if "totp" in steps else helpful[::-1]

    def format_email_subject(self, subject: str) -> str:
        """The subject as the template says it, without a host in brackets."""
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of whoever has the address.

        Links lead to the issuer: whoever asks for a mail to somebody else may have named another port in Host.
        allauth's own asks the request for the name of the site; a command has none.
        """
        links = {
            name: settings.ISSUER_ORIGIN + urlsplit(value)._replace(scheme="", netloc="").geturl()
            for name, value in context.items()
            if name.endswith("_url") and isinstance(value, str)
        }
        here = SimpleNamespace(domain=urlsplit(settings.ISSUER).netloc, name=settings.BRAND_NAME)
        with translation.override(language_for(User.objects.called(email), self.request)):
            self.render_mail(template_prefix, email, {"email": email, **context, **links, "current_site": here}).send()

    def _count(self, request: HttpRequest, credentials: dict[str, Any]) -> bool:
        """Count what was typed and, apart from it, whom it means; False when what was typed is used up."""
        login = credentials.get("username") or credentials.get("email") or ""
        person = User.objects.called(login)
        where = self.get_client_ip(request), device_of(request, person)
        self._typed = Guess(login, *where)
        self._account = Guess(str(person.pk) if person else login, *where, purpose="account")
        self._judged = spend(self._typed)
        self._account_judged = self._judged and spend(self._account, ACCOUNT_LIMITS)
        return self._judged

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the guess before it is judged.

        Raises:
            ValidationError: too many wrong ones; this one is not judged.
        """
        judged = self._count(request, credentials)
        if not self._account_judged:
            meant = {name: value for name, value in credentials.items() if name != "password"}
            guessing_blocked.send(sender=User, credentials=meant, request=request)
        if not judged:
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Judge a guess; a right one is given back.

        The username and the addresses of one account share a limit. Beyond it the right password is as wrong as any other,
        at the cost of the same hash: a sentence of its own would tell whose address belongs to which username.
        """
        try:
            user: User | None = super().authenticate(request, **credentials)
        except TooBusyError:
            self._give_back()  # nobody looked at it: a flood must not use up the guesses of whoever comes meanwhile
            raise
        if user is None or not self._account_judged:
            return None
        self._give_back()
        return user

    def _give_back(self) -> None:
        give_back(self._typed)
        if self._account_judged:
            give_back(self._account, ACCOUNT_LIMITS)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors."""

    error_messages = {  # noqa: RUF012  # allauth's own shape
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
        "too_many_codes": _("Too many wrong codes. Wait a few minutes, or use a passkey."),
        "incorrect_passkey": _("This passkey does not open this account. Try again, or choose another way."),
    }

    def encrypt(self, text: str) -> str:
        """Seeds are encrypted at rest: a stolen table makes no codes."""
        return base64.b64encode(at_rest.seal(text.encode(), "second factor")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The counterpart of ``encrypt``."""
        return at_rest.unseal(base64.b64decode(encrypted_text), "second factor").decode()

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows above the code."""
        return f"{settings.BRAND_NAME} ({settings.ISSUER.partition('://')[2]})"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the issuer's host (Web Authentication §5.1.3), whatever Host a request named."""
        return {"id": urlsplit(settings.ISSUER).hostname or "", "name": settings.BRAND_NAME}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """What the browser shows when it asks which passkey: the username, and how the person is called."""
        return {
            **super().get_public_key_credential_user_entity(user),
            "name": user.username,
            "display_name": user.get_short_name(),
        }

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002, ARG002  # allauth's signature
        """What a passkey is called when its owner gives no name: when it was made says most."""
        return gettext("Passkey of %(day)s") % {"day": date_format(timezone.localdate(), "DATE_FORMAT")}


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Accounts elsewhere. What allauth calls an app is a connection of ours, and it never learns the secret."""

    def list_apps(
        self, request: HttpRequest | None, provider: str | None = None, client_id: str | None = None
    ) -> list[Any]:
        """The providers that may be used; asked for by slug, or by the issuer that a linked account names."""
        del request
        return [
            app_of(made)
            for made in connection.active()
            if client_id in {None, made.client_id}
            and (provider in {None, NAME, made.slug} or made.accepts_issuer(str(provider)))
        ]

    def get_provider(
        self, request: HttpRequest | None, provider: str, client_id: str | None = None
    ) -> UpstreamProvider:
        """Allauth's view of one; a provider that is gone keeps its name on the accounts that it opened."""
        found = self.list_apps(request, provider, client_id)
        return UpstreamProvider(
            request, found[0] if found else SocialApp(provider=NAME, provider_id=provider, name=provider)
        )

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Where everybody may sign up. An invitation is to an address, and is used on the page that spends it."""
        del request, sociallogin
        return bool(settings.SIGN_UP == "open")

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """By our rules for addresses: allauth drops one that somebody else merely typed."""
        return sign_up.save(request, sociallogin, form)

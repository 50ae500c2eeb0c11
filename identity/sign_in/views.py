"""The sign-in page, and the pages of allauth that belong to a sign-in, dressed for the application that waits."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login, stash_login, unstash_login
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from identity.models import User
from identity.sessions.read import current
from identity.sign_in import named
from identity.sign_in.context import View, with_client
from identity.sign_in.device import remember
from identity.sign_in.door import AtTheDoor
from identity.sign_in.forms import SignInForm
from identity.sign_in.sign_up import SignUpView
from identity.sign_in.stages import opens_by_password, ways_on_the_page
from identity.sign_in.stages.again import CodeAgainView, PasswordAgainView
from identity.sign_in.stages.email_code import AskForCodeView, TypeCodeView
from identity.sign_in.stages.newcomer import CodePage, PasskeyPage, SignUpByPasskeyView
from identity.sign_in.stages.passkey import PasskeyAgainView, SignInByPasskeyView
from identity.sign_in.stages.second_step import STEP_UP, SecondStepView
from identity.sign_in.stages.terms import page as terms_page


class SignInView(AtTheDoor, account.LoginView):
    """Username or address and password in one form, or one after the other (``named``); the other ways in beside it (``stages``)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The first page, or the second one."""
        self._read_name(request)
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A name alone leads to the second page."""
        if named.is_told(request):
            return named.note(request, timezone.now())
        self._read_name(request)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def _read_name(self, request: HttpRequest) -> None:
        self.name = named.name_of(request, self.former, timezone.now())
        if self.name:
            # What an address says of where it is at home, it says whoever gives it.
            self.request.sign_in = {**self.request.sign_in, "login_hint": self.name}

    def get_initial(self) -> dict[str, Any]:
        """The name that the application hints at, or of whoever signs in again."""
        hint = self.request.sign_in.get("login_hint") or (self.former.username if self.former else "")
        return {**super().get_initial(), "login": hint}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Who signs in again, and the other ways in, for the page."""
        person = named.known_here(self.request, self.name) if self.name else None
        return {
            **super().get_context_data(**kwargs),
            "former": self.former,
            "name": self.name,
            "begin_again": named.begin_again(self.request),
            "asks_password": opens_by_password(person) if self.name or not named.is_asked_first() else False,
            "ways": ways_on_the_page(self.request, person),
            "may_sign_up": get_adapter().is_open_for_signup(self.request),
        }

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in, or go on to the second factor."""
        form._login.state.update(self.begin_anew(form._login.user))
        response: HttpResponse = super().form_valid(form)
        if isinstance(self.request.user, User):
            remember(self.request, response, self.request.user)
        return response


def _forget_the_former(request: HttpRequest) -> None:
    """For this request: allauth's steps send a signed-in person away, re-authentication included.

    Whether the new sign-in is anybody's must make no difference: that of an address without an account, which a code was
    asked for, is nobody's.
    """
    request.user = AnonymousUser()


def _go_to(request: HttpRequest, wanted: str | None) -> None:
    """The hook and the page read ``next``, as on the first page."""
    if wanted and get_adapter().is_safe_url(wanted):
        asked = request.GET.copy()
        asked["next"] = wanted
        request.GET = asked  # type: ignore[assignment]  # a copy of it


def _too_late(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A page that was left open: what was under way is over, or done in another tab. The sign-in page says so and knows where to go."""
    if response.headers.get("Location") != reverse("account_login"):
        return response
    if current(request, timezone.now()) is None:
        messages.info(request, _("That took too long. Sign in again."))
    if wanted := request.GET.get("next"):
        response.headers["Location"] += f"?{urlencode({'next': wanted})}"
    return response


def _in_sign_in(view: View) -> View:
    """A later step of a sign-in that has begun: the person of the former sign-in, if any, is not the one at the door.

    Two tabs share the sign-in that is under way; each form says where its own tab wants to go (``next``).
    """

    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wanted = request.POST.get("next") or request.GET.get("next") or ""
        known = (request.session.get(LOGIN_SESSION_KEY) or {}).get("redirect_url")
        pending = unstash_login(request, peek=True)
        if pending is None:
            _go_to(request, wanted or known)
            return _too_late(request, with_client(view)(request, *args, **kwargs))
        _forget_the_former(request)
        if get_adapter().is_safe_url(wanted) and wanted != pending.redirect_url:
            pending.redirect_url = wanted
            stash_login(request, pending)
        elif pending.redirect_url:
            _go_to(request, pending.redirect_url)
        response = with_client(view)(request, *args, **kwargs)
        if isinstance(request.user, User):
            remember(request, response, request.user)
        return response

    return wrapped


def _give_up(request: HttpRequest) -> HttpResponse:
    pending = unstash_login(request)
    here = pending.redirect_url if pending else ""
    if pending and pending.state.get(STEP_UP):
        here = request.sign_in.get("decline_uri") or here  # type: ignore[attr-defined]  # set by with_client
    else:
        clear_login(request)
    return HttpResponseRedirect(here or reverse("account_overview"), status=303)


cancel = require_POST(_in_sign_in(_give_up))  # whoever was signed in before still is
login = with_client(SignInView.as_view())
sign_up = with_client(SignUpView.as_view())
sign_up_by_passkey = with_client(SignUpByPasskeyView.as_view())
sign_up_code = _in_sign_in(CodePage.as_view())
sign_up_passkey = _in_sign_in(PasskeyPage.as_view())
passkey = with_client(SignInByPasskeyView.as_view())
ask_for_code = with_client(AskForCodeView.as_view())
type_code = _in_sign_in(TypeCodeView.as_view())
terms = _in_sign_in(terms_page)
second_step = _in_sign_in(SecondStepView.as_view())
password_again = with_client(PasswordAgainView.as_view())
code_again = with_client(CodeAgainView.as_view())
passkey_again = with_client(PasskeyAgainView.as_view())
confirm_email = with_client(account.confirm_email)

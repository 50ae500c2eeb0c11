"""The pages of a sign-up with a passkey: name and address, the code that was mailed, the passkey. Each is found again after a reload."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.stagekit import clear_login
from allauth.account.mixins import NextRedirectMixin
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from identity.models import User
from identity.models.linked import owner_of_email
from identity.sessions.read import current
from identity.sign_in import passkeys
from identity.sign_in.mailed import TOO_MANY, may_ask
from identity.sign_in.newcomer import (
    Newcomer,
    PasskeySignUpForm,
    SignUpCode,
    SignUpCodeForm,
    TurnedAwayError,
    make,
    proofs,
)
from identity.sign_in.passkeys import FirstPasskeyForm, amr_of_new, creation_options, wants_options
from identity.sign_in.sign_up import KEY, SignUpView, closed, may_sign_up, over
from identity.signals import sign_up_refused


class _NewcomersOnly(LoginStage, ABC):
    """A stage that whoever merely signs in passes, and that holds nobody who goes back to another page of signing in or up."""

    def is_resumable(self, request: HttpRequest) -> bool:
        """Its page is found by its own address."""
        del request
        return False

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Show the page to a newcomer."""
        newcomer = Newcomer.of(self.login)
        if newcomer is None or not self.begin(newcomer):
            return None, True
        return HttpResponseRedirect(reverse(self.urlname), status=303), True

    @abstractmethod
    def begin(self, newcomer: Newcomer) -> bool:
        """Whether there is something to do here; it is begun."""


class CodeStage(_NewcomersOnly):
    """Is the address theirs?"""

    key = "sign_up_code"
    urlname = "account_signup_code"

    def begin(self, newcomer: Newcomer) -> bool:
        """Mail the code. The link of an invitation has proved the address."""
        if not newcomer.proved:
            SignUpCode.send_at(self, owner_of_email(newcomer.email), newcomer.email)
        return not newcomer.proved


class PasskeyStage(_NewcomersOnly):
    """What opens the account."""

    key = "sign_up_passkey"
    urlname = "account_signup_passkey"

    def begin(self, newcomer: Newcomer) -> bool:
        """The page does it."""
        return bool(newcomer.proved)


class SignUpByPasskeyView(SignUpView):
    """Name and address, and nothing else."""

    template_name = "account/signup_by_passkey.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only where browsers make passkeys."""
        if not passkeys.are_possible():
            return HttpResponseRedirect(self.passthrough_next_url(reverse("account_signup")), status=303)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_form_class(self) -> type[PasskeySignUpForm]:
        """Ours."""
        return PasskeySignUpForm

    def form_valid(self, form: PasskeySignUpForm) -> HttpResponse:
        """On to the code, or, for whoever was invited, to the passkey. Nothing is stored yet, so an address with an account costs the same."""
        newcomer = form.newcomer(timezone.now())
        if not newcomer.invited and not may_ask(self.request, newcomer.email, owner_of_email(newcomer.email)):
            form.add_error("email", TOO_MANY)
            refused: HttpResponse = self.form_invalid(form)
            return refused
        login = Login(redirect_url=self.get_success_url(), signup=True)
        newcomer.keep_in(login)
        response: HttpResponse = perform_login(self.request, login)
        return response


class _Underway(NextRedirectMixin, FormView):  # type: ignore[type-arg]  # Django's class takes none when it runs
    """A page of a sign-up that has begun."""

    stage_key: str
    stage: Any  # allauth's stage, whose login is a newcomer's
    newcomer: Newcomer

    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without one, to its beginning."""
        stage = LoginStageController.enter(request, self.stage_key)
        newcomer = Newcomer.of(stage.login) if stage else None
        if newcomer is None:
            if current(request, timezone.now()):
                return HttpResponseRedirect(self.get_next_url() or reverse("account_overview"), status=303)
            return self.begin_again(_("That took too long, or went on elsewhere. Begin again."))
        if not may_sign_up(request):
            return closed(request)
        self.stage, self.newcomer = stage, newcomer
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whose page it is."""
        return super().get_context_data(**kwargs, newcomer=self.newcomer)

    def begin_again(self, *sentences: str, address: str = "account_signup_by_passkey") -> HttpResponse:
        """Say why, and go there."""
        for sentence in sentences:
            messages.error(self.request, sentence)
        return HttpResponseRedirect(self.passthrough_next_url(reverse(address)), status=303)


class CodePage(_Underway):
    """The code that was mailed."""

    template_name = "account/signup_code.html"
    form_class = SignUpCodeForm
    stage_key = CodeStage.key
    process: SignUpCode

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Judge it, or send another one."""
        process = SignUpCode.resume(self.stage)
        if process is None:
            return self.begin_again(_("That code is too old. Ask for a new one."))
        self.process = process
        if "again" not in request.POST:
            response: HttpResponse = super().post(request, *args, **kwargs)
            return response
        owner = owner_of_email(self.newcomer.email)
        if may_ask(request, self.newcomer.email, owner):
            SignUpCode.send_at(self.stage, owner, self.newcomer.email)
            messages.success(request, _("Another code is on its way. The one before is void."))
        else:
            messages.error(request, str(TOO_MANY))
        return HttpResponseRedirect(request.get_full_path(), status=303)

    def get_form_kwargs(self) -> dict[str, Any]:
        """With what is under way."""
        return {**super().get_form_kwargs(), "process": getattr(self, "process", None), "now": timezone.now()}

    def form_valid(self, form: SignUpCodeForm) -> HttpResponse:
        """The address is theirs."""
        self.newcomer.with_proof(form.now).keep_in(self.stage.login)
        response: HttpResponse = self.stage.exit()
        return response

    def form_invalid(self, form: SignUpCodeForm) -> HttpResponse:
        """Once more, until the code is used up."""
        if self.process.record_invalid_attempt():
            return super().form_invalid(form)
        return self.begin_again(_("Too many wrong codes, so that one is void. Ask for a new one."))


class PasskeyPage(_Underway):
    """The passkey, and with it the account."""

    template_name = "account/signup_passkey.html"
    form_class = FirstPasskeyForm
    stage_key = PasskeyStage.key

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the options for its script."""
        if wants_options(request):
            return JsonResponse(creation_options(self.newcomer.person(), request.session, alone=True))
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """With whose it will be."""
        return {**super().get_form_kwargs(), "user": self.newcomer.person()}

    def form_invalid(self, form: FirstPasskeyForm) -> HttpResponse:
        """The page again; the fault of the answer, whose field is hidden, is said on top."""
        for error in form.errors.pop("credential", []):
            form.add_error(None, error)
        return super().form_invalid(form)

    def form_valid(self, form: FirstPasskeyForm) -> HttpResponse:
        """Make the account and sign in, by way of the recovery codes."""
        now = timezone.now()
        try:
            passkey = make(self.request, self.newcomer, form.cleaned_data["credential"], form.cleaned_data["name"], now)
        except TurnedAwayError as turned:
            return self._turned_away(turned)
        if self.newcomer.invited:
            self.request.session.pop(KEY, None)
        login, user = self.stage.login, passkey.user
        login.user = user
        login.state.update(proofs(self.newcomer, amr_of_new(form.said), now))
        # For allauth, which else asks for the passkey before it shows the recovery codes; no proof of the sign-in.
        record_authentication(self.request, user, "mfa", type=passkey.type, id=passkey.pk, reauthenticated=True)
        wanted = login.redirect_url or reverse("account_overview")
        login.redirect_url = f"{reverse('mfa_view_recovery_codes')}?{urlencode({'next': wanted})}"
        response: HttpResponse = self.stage.exit()
        return response

    def _turned_away(self, turned: TurnedAwayError) -> HttpResponse:
        clear_login(self.request)
        owner = owner_of_email(self.newcomer.email)
        sign_up_refused.send(sender=User, user=owner, request=self.request, reason=turned.reason)
        if turned.reason == "invitation_over":
            return over(self.request)
        address = "account_login" if turned.reason == "address_taken" else "account_signup_by_passkey"
        return self.begin_again(*turned.sentences, address=address)

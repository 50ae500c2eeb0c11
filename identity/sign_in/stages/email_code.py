"""A code by mail instead of a password: a page that asks for the address, and one for the code. Neither needs JavaScript."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.mixins import NextRedirectMixin
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from identity.sessions.read import current
from identity.sign_in import named
from identity.sign_in.door import AtTheDoor, begin_anew
from identity.sign_in.mailed import AskForCodeForm, EmailCodeStage, MailedCode, MailedCodeForm


def _must_be_offered() -> None:
    if not settings.FEATURES.email_code:
        raise Http404


class AskForCodeView(AtTheDoor, account.RequestLoginCodeView):
    """Where to send it; the answer is the same for every address."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only where this way is offered."""
        _must_be_offered()
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self) -> type[AskForCodeForm]:
        """Ours."""
        return AskForCodeForm

    def get_initial(self) -> dict[str, Any]:
        """The address that the application hints at, or of whoever signs in again."""
        hint = named.name_of(self.request, None, timezone.now()) or self.request.sign_in.get("login_hint") or ""
        known = hint if "@" in hint else ""
        return {**super().get_initial(), "email": known or (self.former.email if self.former else "")}

    def form_valid(self, form: AskForCodeForm) -> HttpResponse:
        """Send it, and go to the page where it is typed."""
        MailedCode.begin(self.request, form.owner, form.cleaned_data["email"], self.get_next_url())
        return HttpResponseRedirect(self.passthrough_next_url(reverse("account_confirm_login_code")), status=303)


class TypeCodeView(NextRedirectMixin, FormView):  # type: ignore[type-arg]  # Django's class takes none when it runs
    """The code; reached again after a reload, and from another tab of the same browser."""

    template_name = "account/confirm_login_code.html"
    form_class = MailedCodeForm
    process: MailedCode

    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without a code under way, to the page that sends one."""
        _must_be_offered()
        self.session = current(request, timezone.now())
        stage = LoginStageController.enter(request, EmailCodeStage.key)
        process = MailedCode.resume(stage) if stage else None
        if process is not None:
            self.process = process
            return super().dispatch(request, *args, **kwargs)
        if self.session:
            return HttpResponseRedirect(self.get_next_url() or reverse("account_overview"), status=303)
        return self._ask_anew(_("That code is too old. Ask for a new one.") if stage else "")

    def get_form_kwargs(self) -> dict[str, Any]:
        """With what is under way."""
        return {**super().get_form_kwargs(), "process": self.process, "now": timezone.now()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Where it was sent."""
        return super().get_context_data(**kwargs, email=self.process.email)

    def form_valid(self, form: MailedCodeForm) -> HttpResponse:
        """The first step is done; a second one is asked of whoever has one."""
        email, owner = self.process.email, form.owner
        assert owner is not None  # noqa: S101  # for mypy: a valid form has found them
        state = begin_anew(self.request, self.session, owner)
        record_authentication(self.request, owner, method="code", email=email)
        response: HttpResponse = perform_login(
            self.request, Login(user=owner, email=email, redirect_url=self.get_next_url() or None, state=state)
        )
        return response

    def form_invalid(self, form: MailedCodeForm) -> HttpResponse:
        """Once more, until the code is used up."""
        if self.process.record_invalid_attempt():
            return super().form_invalid(form)
        return self._ask_anew(_("Too many wrong codes, so that one is void. Ask for a new one."))

    def _ask_anew(self, why: str) -> HttpResponse:
        if why:
            get_adapter().add_message(self.request, messages.ERROR, message=why)
        wanted = self.get_next_url()
        query = f"?{urlencode({'next': wanted})}" if wanted else ""
        return HttpResponseRedirect(reverse("account_request_login_code") + query, status=303)

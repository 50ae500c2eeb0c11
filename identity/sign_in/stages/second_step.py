"""The second step: a code or a key, after a first factor, or on its own where a sign-in that lives is to be worth more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.templatekit import get_entrance_context_data
from allauth.account.models import Login
from allauth.mfa.base import views as mfa
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone

from identity.models import User, factors
from identity.sign_in import passkeys, trust
from identity.sign_in.assurance import SECOND, Proof, merged, proofs_of
from identity.sign_in.context import demand_of
from identity.sign_in.passkeys import request_options, wants_options
from identity.sign_in.stages import ways_of
from identity.sign_in.stages.kept import kept

# In the state of allauth's Login: somebody who is signed in adds a second step.
STEP_UP: Final = "step_up"


def proved_so_far(request: HttpRequest, login: Login) -> Collection[Proof]:
    """What a sign-in that is under way has proved, with what it keeps of the one before."""
    return merged((*kept(login), *proofs_of(get_authentication_records(request, login.user))))


class SecondStepStage(AuthenticateStage):
    """Is a second step due? As allauth says, but trust in a browser does not outweigh what an application demands."""

    def _should_handle(self, request: HttpRequest) -> bool:
        user = self.login.user
        if user is None or not is_mfa_enabled(user, list(factors.SECOND_STEPS)):
            return False
        # Given before, or at a provider whose word for it counts.
        if any(SECOND in proof.factors for proof in proved_so_far(request, self.login)):
            return False
        browser = trust.trusted(request, user, timezone.now())
        if browser is None or not demand_of(request).is_met(proved_so_far(request, self.login)):
            return True
        request.trusted_browser = browser  # type: ignore[attr-defined]  # for the receiver in `trust`
        return False


class SecondStepView(mfa.AuthenticateView):
    """A code, or a passkey; the page shows what this person has and what would help."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, or the options for its script."""
        if wants_options(request):
            return JsonResponse(request_options(self.stage.login.user, request.session))
        response: HttpResponseBase = super().get(request, *args, **kwargs)
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """The sign-in is complete; the browser is trusted from now on if its owner ticked that."""
        wants_trust = bool(self.request.POST.get("trust")) and not self.stage.login.state.get(STEP_UP)
        response: HttpResponse = super().form_valid(form)
        if wants_trust and isinstance(self.request.user, User):
            trust.remember(self.request, response, self.request.user, timezone.now())
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth's, without a challenge that nobody has asked for."""
        del kwargs
        user, demand = self.stage.login.user, demand_of(self.request)
        proved = proved_so_far(self.request, self.stage.login)
        keys = factors.passkeys_of(user) if passkeys.are_possible() else []
        missing = demand.missing(proved, ways_of(user))
        return {
            **get_entrance_context_data(self.request),
            "form": self.auth_form,
            "webauthn_form": self.webauthn_form,
            "has_codes": factors.has_codes(user) and not (missing.key and keys),
            "has_passkey": bool(keys),
            "is_step_up": bool(self.stage.login.state.get(STEP_UP)),
            "is_only_wished": demand.is_met(proved),
            "trust_days": 0 if self.stage.login.state.get(STEP_UP) else trust.days(),
        }

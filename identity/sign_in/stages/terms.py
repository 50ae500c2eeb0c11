"""The terms of service, where an operator has set ``TERMS_VERSION``: accepted at sign-up, and once more when they change."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStage, LoginStageController
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.account.terms import accept
from identity.models import AcceptedTerms
from identity.sign_in.stages.second_step import STEP_UP


class TermsStage(LoginStage):
    """The last question of a sign-in. A sign-in that lives is not interrupted by it."""

    key = "terms"
    urlname = "account_terms"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Ask whoever has not accepted this version."""
        if not settings.TERMS_VERSION or self.login.state.get(STEP_UP):
            return None, True
        if self.login.user is None or AcceptedTerms.objects.holds(self.login.user, settings.TERMS_VERSION):
            return None, True
        return HttpResponseRedirect(reverse(self.urlname), status=303), True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The question; what is accepted is the version that the page showed."""
    stage: Any = LoginStageController.enter(request, TermsStage.key)
    if stage is None:
        return HttpResponseRedirect(reverse("account_login"), status=303)
    if request.method == "POST" and request.POST.get("version") == settings.TERMS_VERSION:
        accept(request, stage.login.user)
        response: HttpResponse = stage.exit()
        return response
    return render(request, "account/terms.html", {"url": settings.TERMS_URL, "version": settings.TERMS_VERSION})

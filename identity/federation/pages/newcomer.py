"""Who are you here? For somebody from elsewhere who is linked to nobody: prove an account here and link it, or make a new one.

The page says the same whether or not somebody here has the address that the provider names: it tells nobody who has an account.
"""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.views import SignupView
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from identity.account.shell import Here, signed_in
from identity.federation import guest
from identity.federation.linking import LINK as LINKING
from identity.federation.linking import Standing, Step, decide
from identity.federation.pages.shell import refusing
from identity.federation.refusal import Reason, Refused
from identity.federation.sign_in import Arrival, link
from identity.federation.sign_up import NewcomerForm, finish, offer
from identity.models import linked
from identity.sign_in.lately import prove_again, proved_lately
from identity.sign_in.sign_up import pretend


def _arrival(request: HttpRequest) -> Arrival:
    found = guest.get(request, timezone.now())
    if found is None:
        raise Refused(Reason.STATE)
    return found


def _facts(arrival: Arrival) -> dict[str, Any]:
    return {"provider": arrival.made.name, "email": arrival.stranger.email}


@require_safe
@refusing
def ask(request: HttpRequest) -> HttpResponse:
    """Ask which."""
    arrival = _arrival(request)
    may_sign_up = get_adapter(request).is_open_for_signup(request, None)
    return render(request, "federation/newcomer.html", {**_facts(arrival), "may_sign_up": may_sign_up})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@refusing
def confirm(request: HttpRequest, here: Here) -> HttpResponse:
    """Link the account elsewhere to whoever has just proved who they are here, if they say yes."""
    now = timezone.now()
    arrival = _arrival(request)
    if not proved_lately(here.session, now):
        return prove_again(here.session, request.path)
    if request.method != "POST":
        return render(request, "federation/confirm_link.html", {**_facts(arrival), "person": here.user})
    stranger = arrival.stranger
    account = linked.find(stranger.issuer, stranger.subject)
    standing = Standing(linked_to=account.user if account else None, signed_in=here.user, linking=str(here.user.pk))
    if decide(arrival.made, stranger, standing, LINKING) is Step.LINK:
        link(request, arrival, here.user)
    guest.drop(request)
    messages.success(request, _("Your %(name)s account is linked.") % {"name": arrival.made.name})
    return HttpResponseRedirect(arrival.next or reverse("account_connections"), status=303)


class NewAccountView(SignupView):
    """Make a new account of somebody from elsewhere; allauth's page, for who waits in ``guest``."""

    template_name = "federation/sign_up.html"
    form_class = NewcomerForm
    arrival: Arrival

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who came, instead of whom allauth's own key in the session names."""
        self.arrival = _arrival(request)
        self.sociallogin = offer(request, self.arrival)
        # allauth sends a signed-in person away; a new account is made beside theirs.
        request.user = AnonymousUser()
        response: HttpResponseBase = super(SignupView, self).dispatch(request, *args, **kwargs)
        return response

    def get_form_class(self) -> type[NewcomerForm]:
        """Ours."""
        return NewcomerForm

    def form_valid(self, form: NewcomerForm) -> HttpResponse:
        """Make it, or mail the owner of the address that it has an account already."""
        if form.account_already_exists:
            guest.drop(self.request)
            return pretend(self.request, form.cleaned_data["email"], self.arrival.next or None)
        form.save(self.request)
        guest.drop(self.request)
        return finish(self.request, self.arrival, self.sociallogin)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the provider, for the page."""
        return {**super().get_context_data(**kwargs), **_facts(self.arrival)}


sign_up = refusing(NewAccountView.as_view())

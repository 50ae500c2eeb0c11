"""Who gets in: staff, with a live sign-in of our own sign-in page that is strong and young enough."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from identity.sessions.read import current
from oauth_server.authorize.operators import operators_demand


class OperatorSite(UnfoldAdminSite):
    """The admin without a sign-in form of its own: throttles, second factors and the session list are the account's."""

    index_title = _("Overview")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether an operator sits there, by a sign-in that lives and is worth what settings.ADMIN_MINIMUM_ACR says."""
        now = timezone.now()
        session = current(request, now)
        if session is None or not session.user.is_staff:
            return False
        demand = operators_demand(now)
        return demand is None or demand.is_met(session.proved)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send a stranger to the sign-in page, an operator to where they prove more; tell somebody who is no operator so.

        Raises:
            PermissionDenied: the person is signed in, and signing in again would lead here again.
        """
        del extra_context
        target = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(target)
        session = current(request, timezone.now())
        if session is not None and session.user.is_staff:
            return HttpResponseRedirect(f"{reverse('account_login_more')}?{urlencode({'next': target})}", status=303)
        if session is not None:
            raise PermissionDenied
        return redirect_to_login(target, settings.LOGIN_URL)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The account's own page: it tells the person by mail and ends their other sessions."""
        del request, extra_context
        return HttpResponseRedirect(reverse("account_change_password"))

"""Signing out: away to the provider, back from it, and its own word that a sign-in is over."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from identity.federation import connection, sealed
from identity.federation.back_channel import receive
from identity.federation.refusal import Reason, Refused
from identity.federation.sign_out import LEAVING, STATE
from identity.models import Upstream
from identity.signals import upstream_refused


@require_safe
@never_cache
def leaving(request: HttpRequest) -> HttpResponse:
    """Lead the browser to the end-session endpoint of the provider that its sign-in came from."""
    found = sealed.unpack(request.GET.get("to", ""), LEAVING, timezone.now())
    if not found:
        return HttpResponseRedirect(reverse("account_login"))
    response = render(request, "federation/leaving.html", {**found, "is_farewell": True})
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    """Back from there (RP-Initiated Logout §3): on to where the sign-out here would have led at once."""
    found = sealed.unpack(request.GET.get("state", ""), STATE, timezone.now())
    # A client's own address may have a scheme that Django's redirects refuse; it was judged before it was sealed.
    return HttpResponse(status=303, headers={"Location": found.get("then") or reverse("account_login")})


@csrf_exempt  # a machine: it has no cookie, and its token proves who it is
@require_POST
def back_channel(request: HttpRequest, slug: str) -> HttpResponse:
    """A provider's logout token (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8)."""
    made = connection.find(slug)
    try:
        if made is None:
            raise Refused(Reason.UNKNOWN)  # noqa: TRY301  # one place records every refusal
        receive(request.POST.get("logout_token", ""), made, timezone.now())
    except Refused as refused:
        upstream_refused.send(
            sender=Upstream, upstream=slug, reason=refused.reason.value, detail=refused.detail, request=request
        )
        response: HttpResponse = JsonResponse({"error": "invalid_request"}, status=400)
    else:
        response = HttpResponse(status=200)
    response.headers["Cache-Control"] = "no-store"
    return response

"""Who stands at the door? What every first page of a sign-in asks before allauth sends a signed-in person away."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import clear_authentication_records
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from identity.models import User
from identity.sessions.read import current


class AtTheDoor:
    """Mixed into a view: with ``?prompt=login`` somebody who is signed in may sign in anew (OpenID Connect Core §3.1.2.1).

    Nothing changes until the new sign-in is complete: whoever cancels stays signed in as before (CVE-2023-6787).
    """

    request: Any  # a request with `sign_in` (context.with_client)
    former: User | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Decide who is at the door."""
        session = current(request, timezone.now())
        self.former = session.user if session else None
        if session is None or request.GET.get("prompt") == "login":
            # allauth sends a signed-in person away. It would do so for one whose sign-in is over too, and the server,
            # which asks `current`, would send them straight back.
            request.user = AnonymousUser()
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view's
        return response

    def begin_anew(self) -> None:
        """What an earlier sign-in in this browser proved counts for nothing in this one.

        allauth leaves its notes in the session; a passkey of last week would make it skip the second step today.
        """
        clear_authentication_records(self.request)

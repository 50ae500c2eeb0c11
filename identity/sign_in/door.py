"""Who stands at the door? What every first page of a sign-in asks before allauth sends a signed-in person away."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import clear_authentication_records
from allauth.account.internal.stagekit import pop_login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from identity.models import LoginSession, User
from identity.sessions.read import current
from identity.sign_in.context import demand_of
from identity.sign_in.stages.kept import keep_second_steps
from identity.sign_in.stages.second_step import STEP_UP


class AtTheDoor:
    """Mixed into a view: with ``?prompt=login`` somebody who is signed in may sign in anew (OpenID Connect Core §3.1.2.1).

    Nothing changes until the new sign-in is complete: whoever cancels stays signed in as before (CVE-2023-6787).
    """

    request: Any  # a request with `sign_in` (context.with_client)
    session: LoginSession | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Decide who is at the door."""
        self.session = current(request, timezone.now())
        if self.session is None or request.GET.get("prompt") == "login":
            # allauth sends a signed-in person away. It would do so for one whose sign-in is over too, and the server,
            # which asks `current`, would send them straight back.
            request.user = AnonymousUser()
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view's
        return response

    @property
    def former(self) -> User | None:
        """Who is signed in while somebody signs in."""
        return self.session.user if self.session else None

    def begin_anew(self, user: User) -> dict[str, Any]:
        """The state of a new sign-in of this person, see ``begin_anew`` below."""
        return begin_anew(self.request, self.session, user)

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> HttpResponseBase | None:
        """A sign-in is under way in this browser: go on with it, but to where this tab wants to go."""
        if stage.login.state.get(STEP_UP):
            # Somebody who is signed in was asked for more, and chose to begin at the beginning.
            pop_login(request)
            return None
        response: HttpResponseBase = super()._redirect_to_pending_stage(request, stage)  # type: ignore[misc]  # allauth's mixin
        wanted = request.GET.get("next", "")
        if wanted and get_adapter().is_safe_url(wanted):
            response.headers["Location"] += "?" + urlencode({"next": wanted})
        return response


def begin_anew(request: HttpRequest, session: LoginSession | None, user: User) -> dict[str, Any]:
    """The state of a new sign-in of this person.

    What an earlier sign-in in this browser proved counts for nothing in it, but for ``keep_second_steps``: allauth leaves its
    notes in the session, and a passkey of last week would make it skip the second step today.

    Args:
        request: of the page on which the first step was done, with ``sign_in``.
        session: the sign-in that lives in this browser, if one does.
        user: who signs in.
    """
    clear_authentication_records(request)
    return keep_second_steps(session, user, demand_of(request))

"""Where am I signed in? Sign out there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from identity.account.shell import Here, signed_in
from identity.models import LoginSession, TrustedBrowser
from identity.sessions.afterwards import afterwards
from identity.sessions.end import end, end_all
from identity.sessions.lives import TOUCH_EVERY
from identity.sign_in import trust

# The first that matches; browsers name those that they descend from, so the order counts.
BROWSERS: Final = (
    ("Edg(e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
LATELY: Final = 2 * TOUCH_EVERY


def describe(user_agent: str) -> str:
    """A browser in words: "Firefox on Linux"."""
    browser = next((name for pattern, name in BROWSERS if re.search(pattern, user_agent)), "")
    system = next((name for pattern, name in SYSTEMS if re.search(pattern, user_agent)), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


@dataclass(frozen=True, slots=True)
class Device:
    """A row of the page."""

    session: LoginSession
    name: str
    is_this_one: bool
    used_lately: bool


@dataclass(frozen=True, slots=True)
class Trusted:
    """A row of the list of browsers that are not asked for the second step."""

    browser: TrustedBrowser
    name: str
    is_this_one: bool


@require_safe
@signed_in
def listing(request: HttpRequest, here: Here) -> HttpResponse:
    """Every live sign-in, this one first."""
    now = timezone.now()
    devices = [
        Device(session, describe(session.user_agent), session.sid == here.session.sid, now - session.last_seen < LATELY)
        for session in LoginSession.objects.of_person(here.user, now)
    ]
    devices.sort(key=lambda device: not device.is_this_one)
    carried = trust.digests_of(request, here.user)
    trusting = [
        Trusted(browser, describe(browser.user_agent), browser.digest in carried)
        for browser in trust.of_person(here.user, now)
    ]
    return render(request, "account/sessions.html", {"devices": devices, "trusting": trusting})


@require_POST
@signed_in
def end_one(request: HttpRequest, here: Here, sid: str) -> HttpResponse:
    """Sign out on one of my browsers. Somebody else's sign-in looks like one that ended already."""
    now = timezone.now()
    session = next((one for one in LoginSession.objects.of_person(here.user, now) if one.sid == sid), None)
    if session is not None and session.sid == here.session.sid:
        address = afterwards(request, now)
        logout(request)
        return HttpResponseRedirect(address, status=303)
    if session is not None:
        end(session, now, "signed_out_elsewhere")
    messages.success(request, _("You are signed out there."))
    return HttpResponseRedirect(reverse("account_sessions"), status=303)


@require_POST
@signed_in
def end_others(request: HttpRequest, here: Here) -> HttpResponse:
    """Sign out everywhere but here."""
    count = len(end_all(here.user, timezone.now(), "signed_out_elsewhere", except_sid=here.session.sid))
    text = ngettext(
        "You are signed out on %(count)d other browser.", "You are signed out on %(count)d other browsers.", count
    )
    messages.success(request, text % {"count": count} if count else _("You were signed in nowhere else."))
    return HttpResponseRedirect(reverse("account_sessions"), status=303)


@require_POST
@signed_in
def forget(request: HttpRequest, here: Here, pk: int) -> HttpResponse:
    """Trust a browser no more. Somebody else's looks like one that is trusted no more already."""
    trust.take_back(request, here.user, pk)
    messages.success(request, _("The second step is asked for there again."))
    return HttpResponseRedirect(reverse("account_sessions"), status=303)

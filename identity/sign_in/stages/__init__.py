"""STAGES: the ways to prove who one is, in the order that the sign-in page offers them. One file a way, one row here.

Each is a page, or a part of the sign-in page, that works without JavaScript, passkeys excepted. What a sign-in still lacks
waits in the browser's session (django-allauth's login stages): a reload, a second tab and the way back find it there.

``offered`` looks at this server's settings, never at a person: the page is the same for whoever comes, so that it tells
nobody who has an account or what they have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from identity.federation import offers
from identity.models import User, factors
from identity.sign_in import passkeys


def _nothing(_request: HttpRequest) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Stage:
    """A way.

    Attributes:
        name: what the code calls it.
        offered: whether this server offers it; the request says where the person wants to go, nothing else.
        ways: what a person has of it, as ``assurance.WAYS`` calls it.
        count: how many of them a person has that open the account without another way; 0 for a mere second step.
        template: its part of the sign-in page, shown with ``way`` as this row; empty when the page has a place for it.
        context: what the template needs beyond that; None when it has nothing to show just now.
    """

    name: str
    offered: Callable[[HttpRequest | None], bool]
    ways: Callable[[User], Collection[str]]
    count: Callable[[User], int]
    template: str = ""
    context: Callable[[HttpRequest], Mapping[str, Any] | None] = field(default=_nothing)


def _passwords(user: User) -> int:
    return int(user.has_usable_password())


def _passkeys(user: User) -> int:
    return sum(factors.opens_alone(passkey) for passkey in factors.passkeys_of(user))


def _mailed(user: User) -> int:
    return int(User.objects.owns_email(user))


STAGES: Final = (
    Stage("password", lambda _: True, lambda user: ["password"] * _passwords(user), _passwords),
    Stage(
        "passkey",
        lambda _: passkeys.are_possible(),
        lambda user: ["passkey"] if _passkeys(user) else [],
        _passkeys,
        "account/ways/passkey.html",
    ),
    Stage(
        "email_code",
        lambda _: settings.FEATURES.email_code,
        lambda user: ["email_code"] * _mailed(user),
        _mailed,
        "account/ways/email_code.html",
    ),
    Stage(
        "upstream",
        lambda _: True,
        offers.ways,
        offers.usable,
        "account/ways/upstream.html",
        offers.on_the_page,
    ),
    Stage("second_step", lambda _: True, factors.second_steps_of, lambda _: 0),
)


def ways_on_the_page(request: HttpRequest, person: User | None = None) -> list[Mapping[str, Any]]:
    """What the sign-in page offers beside the password, each with its template and what that needs.

    Args:
        request: of the page.
        person: whoever is known to sign in, and in this browser (``named.known_here``): what they do not have is left out.
    """
    stages = [stage for stage in STAGES if stage.template and stage.offered(request)]
    if person is not None and ways_in(person):
        stages = [stage for stage in stages if stage.count(person)]
    parts = ((stage, stage.context(request)) for stage in stages)
    return [{**part, "name": stage.name, "template": stage.template} for stage, part in parts if part is not None]


def opens_by_password(person: User | None) -> bool:
    """Whether to ask for the password: of everybody but whoever is known, in this browser, to have other ways and none."""
    return person is None or bool(_passwords(person)) or not ways_in(person)


def ways_in(user: User) -> int:
    """How many ways open this person's account: whoever takes the last one away locks the owner out."""
    return sum(stage.count(user) for stage in STAGES if stage.offered(None))


def ways_of(user: User) -> frozenset[str]:
    """Everything that a person can prove who they are with."""
    return frozenset(way for stage in STAGES if stage.offered(None) for way in stage.ways(user))

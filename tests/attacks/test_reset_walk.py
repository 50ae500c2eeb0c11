"""The steps of a password reset in every order (Keycloak CVE-2026-18963: one that had not been taken was marked as done).

Two people, two browsers, and an oracle in a few lines: a password changes only in a browser that opened a link which was mailed to its
owner and has not been used, on the page of that owner.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from identity.models import User
from tests.support.people import PASSWORD, person

pytestmark = pytest.mark.django_db
STEPS = 120
ASK = "/account/password/reset/"
NAMES = ("ada", "bob")


@dataclass
class Link:
    """One that was mailed."""

    owner: str
    address: str
    is_good: bool = True

    @property
    def uid(self) -> str:
        return self.address.split("/key/")[1].split("-")[0]


@dataclass
class Walk:
    """What was done so far, and what must be so."""

    dice: random.Random
    browsers: tuple[Browser, Browser] = field(default_factory=lambda: (Browser(), Browser()))
    links: list[Link] = field(default_factory=list)
    opened: dict[Browser, Link] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, PASSWORD))
    may_change: str = ""
    new: str = ""
    done: list[str] = field(default_factory=list)

    def ask(self, browser: Browser) -> None:
        name = self.dice.choice(NAMES)
        mail.outbox.clear()
        browser.post(ASK, {"email": f"{name}@example.com"})
        found = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", str(mail.outbox[-1].body))
        assert found
        self.links.append(Link(name, found[1]))

    def open(self, browser: Browser) -> None:
        link = self.dice.choice(self.links[-4:])
        browser.get(link.address)
        if link.is_good:
            self.opened[browser] = link

    def open_a_made_up_one(self, browser: Browser) -> None:
        browser.get(self.dice.choice(self.links).address[:-4] + "beef/")

    def look(self, browser: Browser) -> None:
        browser.get(self.dice.choice([ASK, f"{ASK}done/", f"{ASK}key/done/", "/account/login/", "/account/logout/"]))

    def sign_in(self, browser: Browser) -> None:
        name = self.dice.choice(NAMES)
        browser.post("/account/login/", {"login": name, "password": self.passwords[name]})

    def sign_out(self, browser: Browser) -> None:
        browser.post("/account/logout/")

    def set(self, browser: Browser) -> None:
        """Whoever comes to the page of somebody, with what this browser has opened or nothing."""
        link = self.dice.choice([*self.links[-3:], self.opened.get(browser) or self.links[0]])
        new = f"staple battery {self.dice.getrandbits(64):x}"
        browser.post(f"{ASK}key/{link.uid}-set-password/", {"password1": new, "password2": new})
        opened = self.opened.get(browser)
        self.may_change = link.owner if opened is not None and opened.owner == link.owner and opened.is_good else ""
        self.new = new

    def judge(self) -> None:
        """Nobody's password is another than it was, but for that of whose link was opened here."""
        for user in User.objects.filter(username__in=NAMES):
            if user.check_password(self.passwords[user.username]):
                continue
            assert user.username == self.may_change, self.done[-12:]
            assert user.check_password(self.new)
            self.passwords[user.username] = self.new
            for one in self.links:
                one.is_good = one.is_good and one.owner != user.username

    def step(self) -> None:
        rare = [self.open_a_made_up_one, self.look, self.sign_in, self.sign_out]
        deeds = [*rare, *[self.open] * 4, *[self.set] * 4]
        deed = self.dice.choice([self.ask, *deeds] if self.links else [self.ask])
        self.may_change = ""
        self.done.append(deed.__name__)
        deed(self.dice.choice(self.browsers))
        self.judge()


def test_a_password_changes_only_by_its_owners_link(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS, settings.THROTTLES = False, False  # whoever walks this far is held up by them
    for name in NAMES:
        person(name)
    walk = Walk(random.Random(18_963))  # noqa: S311  # dice, no secret
    for _ in range(STEPS):
        walk.step()
    changed = {name for name, password in walk.passwords.items() if password != PASSWORD}
    assert changed == set(NAMES), "the walk came through"

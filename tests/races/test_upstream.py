"""People who come by a provider, twice at the same moment: links, the last way in, two tabs, sign-out (scorecard R-06, R-07)."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Final
from urllib.parse import urlencode

import httpx2
import pytest

from tests.races.race import Race
from tests.support.upstream import CLIENT_ID, SECRET, Provider, led_to, provider

pytestmark = pytest.mark.storm

ROUNDS: Final = int(os.environ.get("RACE_PAIRS", "3"))
CSRF: Final = "gatehouse_csrf"


class Browser:
    """Of somebody who signs in by the provider."""

    def __init__(self, race: Race, there: Provider, username: str, subject: str) -> None:
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{race.server.port}", timeout=30)
        self.race, self.there, self.username, self.subject = race, there, username, subject

    def tab(self) -> httpx2.Client:
        """Another tab: the same cookies, a connection of its own."""
        return httpx2.Client(base_url=self.http.base_url, timeout=30, cookies=httpx2.Cookies(self.http.cookies))

    def post(self, path: str, **form: str) -> httpx2.Response:
        """A form of ours."""
        if CSRF not in self.http.cookies:
            self.http.get("/account/login/")
        return self.http.post(path, data={"csrfmiddlewaretoken": self.http.cookies[CSRF], **form})

    def go(self, subject: str = "", **form: str) -> str:
        """Away to the provider and a yes there; the address that leads back."""
        address = led_to(self.post("/account/login/with/there/", **form).text)
        answer = self.there.approve(address, sub=subject or self.subject)
        return f"/account/login/with/there/callback/?{urlencode(answer)}"

    def unlinks(self) -> list[str]:
        """The addresses that take a link away."""
        page = self.http.get("/account/connections/").text
        return re.findall(r'action="(/account/connections/\d+/unlink/)"', page)

    def sessions(self) -> list[str]:
        """The sign-ins that live."""
        found: list[str] = self.race.seed("sessions", username=self.username)
        return found


At = Callable[..., Browser]


@pytest.fixture(scope="module")
def there(race: Race) -> Iterator[Provider]:
    with provider() as server:
        members = {"slug": "there", "name": "There", "issuer": server.issuer, "client_id": CLIENT_ID}
        race.seed("upstream", client_secret=SECRET, **members)
        yield server


@pytest.fixture
def at(race: Race, there: Provider) -> Iterator[At]:
    """Somebody new, linked to subjects of their own there and to nothing else, and signed in."""
    with ExitStack() as stack:

        def somebody(*more: str) -> Browser:
            username = race.seed("newcomer", issuer=there.issuer, more=more)
            browser = Browser(race, there, username, username)
            stack.callback(browser.http.close)
            assert browser.http.get(browser.go()).headers["Location"] == "/account/"
            return browser

        yield somebody


def at_once(*deeds: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
    """Do them at the same moment; their answers, none of which may be a fault of the server."""
    line = threading.Barrier(len(deeds))

    def when_all_are_there(deed: Callable[[], httpx2.Response]) -> httpx2.Response:
        line.wait(10)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        answers = list(pool.map(when_all_are_there, deeds))
    assert all(answer.status_code < 500 for answer in answers), [
        (answer.status_code, answer.text[-900:]) for answer in answers if answer.status_code > 499
    ]
    return answers


def test_of_two_people_who_link_the_same_account_one_does_and_the_other_is_told(
    race: Race, there: Provider, at: At
) -> None:
    """OpenID Connect Core §5.7: issuer and subject name one person here."""
    for number in range(ROUNDS):
        ada, bob = at(), at()
        wanted = f"wanted-{ada.username}-{number}"
        backs = [(one, one.go(wanted, process="link")) for one in (ada, bob)]
        answers = at_once(*(partial(one.http.get, back) for one, back in backs))
        assert sorted(answer.status_code for answer in answers) == [303, 400]
        [refused] = [answer.text for answer in answers if answer.status_code == 400]
        assert "is linked to another account here" in refused
        owners = [one for one in (ada, bob) if wanted in race.seed("links", username=one.username)]
        assert len(owners) == 1


def test_of_two_last_links_that_are_taken_away_at_once_one_stays(race: Race, at: At) -> None:
    """Nobody locks themselves out (issue of the last way in), whichever of their tabs was faster."""
    for number in range(ROUNDS):
        ada = at(f"second-{number}-{os.urandom(4).hex()}")
        unlinks = ada.unlinks()
        assert len(unlinks) == 2
        at_once(*(partial(ada.post, path) for path in unlinks))
        assert race.seed("ways", username=ada.username) == 1


def test_a_new_link_beside_the_loss_of_the_last_leaves_a_way_in(race: Race, at: At) -> None:
    """Either the old link stays beside the new one, or the new one opens the account alone."""
    for number in range(ROUNDS):
        ada = at()
        [unlink] = ada.unlinks()
        back, tab = ada.go(f"new-{ada.username}-{number}", process="link"), ada.tab()
        with tab:
            answers = at_once(partial(ada.post, unlink), partial(tab.get, back))
        assert answers[1].status_code == 303
        assert race.seed("ways", username=ada.username) in {1, 2}


def test_a_passkey_and_a_link_that_are_removed_at_once_are_not_both_gone(race: Race, at: At) -> None:
    """Each of them is the last way in as soon as the other is gone."""
    for _ in range(ROUNDS):
        ada = at()
        [unlink] = ada.unlinks()
        key = race.seed("passkey", username=ada.username)
        at_once(partial(ada.post, unlink), partial(ada.post, f"/account/2fa/webauthn/keys/{key}/remove/"))
        assert race.seed("ways", username=ada.username) == 1


def test_two_tabs_that_finish_the_same_sign_in_make_one(race: Race, there: Provider, at: At) -> None:
    """RFC 6749 §10.12: a state counts once; the code goes to the provider at most twice, and the provider takes it once."""
    for _ in range(ROUNDS):
        ada = at()
        first = set(ada.sessions())
        stranger = Browser(race, there, ada.username, ada.subject)
        with stranger.http, ExitStack() as stack:
            back = stranger.go()
            tabs = [stack.enter_context(stranger.tab()) for _ in range(4)]
            answers = at_once(*(partial(tab.get, back) for tab in tabs))
            codes = sorted(answer.status_code for answer in answers)
            assert codes == [302, 400, 400, 400], codes
            assert len(set(ada.sessions()) - first) == 1
            opened = [tab.get("/account/").status_code for tab in tabs]
            assert opened.count(200) == 1


def test_a_sign_out_beside_a_sign_in_leaves_no_sign_in_that_no_browser_has(race: Race, at: At) -> None:
    """The old sign-in is over, whichever was first; one that lives on is the one that this browser was given."""
    for _ in range(ROUNDS):
        ada = at()
        former = ada.sessions()
        back, tab = ada.go(), ada.tab()
        with tab:
            out, into = at_once(partial(ada.post, "/account/logout/"), partial(tab.get, back))
            assert out.status_code in {302, 400}, out.text
            assert into.status_code in {302, 400}, into.text
            opened = tab.get("/account/").status_code == 200
            living = ada.sessions()
            assert opened == bool(living), (former, living, out.headers, into.headers)

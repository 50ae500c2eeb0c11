"""Where am I signed in? (ASVS 5.0 §7.5.2)"""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from identity.account.devices import describe
from tests.support.people import LOGIN, is_signed_in, live_sids, page, person, sid_of, sign_in

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"  # fmt: skip
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [(FIREFOX, "Firefox on Linux"), (SAFARI, "Safari on iPhone"), (EDGE, "Edge on Windows"), ("curl/8", "Unknown browser"), ("", "Unknown browser")],
)  # fmt: skip
def test_a_browser_is_named_in_words(user_agent: str, words: str) -> None:
    assert describe(user_agent) == words


def test_every_live_sign_in_is_listed_and_this_one_is_marked() -> None:
    person()
    here, there = Browser(headers={"user-agent": FIREFOX}), Browser(headers={"user-agent": SAFARI})
    sign_in(there)
    sign_in(here)
    text = page(here.get("/account/sessions/"))
    assert text.index("Firefox on Linux") < text.index("this browser") < text.index("Safari on iPhone")


def test_signing_out_one_browser_leaves_the_others() -> None:
    user = person()
    here, there = Browser(), Browser()
    sign_in(here)
    sign_in(there)
    assert here.post(f"/account/sessions/{sid_of(there)}/end/").status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert live_sids(user) == {sid_of(here)}


def test_signing_out_everywhere_else_leaves_this_browser() -> None:
    user = person()
    here, others = Browser(), [Browser(), Browser()]
    for browser in (*others, here):
        sign_in(browser)
    here.post("/account/sessions/end-others/")
    assert live_sids(user) == {sid_of(here)}
    assert [is_signed_in(browser) for browser in (*others, here)] == [False, False, True]


def test_signing_out_this_browser_leads_to_the_sign_in_page(client: Browser) -> None:
    person()
    sign_in(client)
    response = client.post(f"/account/sessions/{sid_of(client)}/end/")
    assert response.headers["Location"] == LOGIN
    assert not is_signed_in(client)


def test_nobody_ends_somebody_elses_sign_in() -> None:
    """Nor learns whether a sid exists: the answer is the same."""
    ada, bob = person("ada"), person("bob")
    victim, attacker = Browser(), Browser()
    sign_in(victim, "ada")
    sign_in(attacker, "bob")
    known = attacker.post(f"/account/sessions/{sid_of(victim)}/end/")
    unknown = attacker.post("/account/sessions/00000000-0000-4000-8000-000000000000/end/")
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert is_signed_in(victim)
    assert live_sids(ada)
    assert live_sids(bob)


@pytest.mark.parametrize("address", ["/account/sessions/end-others/", "/account/sessions/x/end/"])
def test_a_link_ends_no_session(client: Browser, address: str) -> None:
    """ASVS 3.5.3: only POST."""
    person()
    sign_in(client)
    assert client.get(address).status_code == 405

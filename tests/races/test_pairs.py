"""A token is asked for while something ends it: nothing live remains after both have answered (scorecard R-06)."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any

import pytest

from tests.races import pairs
from tests.races.race import Race
from tests.support.server import Seeder

pytestmark = pytest.mark.storm


@pytest.mark.parametrize(("kind", "pair"), pairs.PAIRS, ids=[pair.__name__ for _, pair in pairs.PAIRS])
def test_nothing_live_remains(race: Race, kind: str, pair: pairs.Pair) -> None:
    """RFC 7009 §2.1, OpenID Connect Back-Channel Logout §2.7, RFC 9700 §4.14: whichever came first, the end wins."""
    handed_out, live = pairs.run(race, kind, pair)
    assert not live, f"{len(live)} of {handed_out} live on"


def test_a_person_who_is_disabled_while_a_code_is_being_redeemed_gets_nothing_back_with_the_account(race: Race) -> None:
    """The narrowest moment of R-06, held open: the code is spent, the person is disabled, and only then tokens are minted."""
    code = race.code(client_id=race.lasting.client_id)
    redeemed: dict[str, Any] = {}

    def redeem(seeder: Seeder) -> None:
        asked = {name: code[name] for name in ("code", "code_verifier")}
        redeemed.update(seeder("redeem_slowly", client_id=race.lasting.client_id, pause=1.0, **asked))

    with closing(Seeder(race.house.environment)) as other:
        other("rows", user=code["user"])
        thread = threading.Thread(target=redeem, args=(other,))
        thread.start()
        time.sleep(0.4)
        race.seed("disable", username=code["username"])
        thread.join()
    given = [redeemed["access_token"], redeemed["refresh_token"]]
    assert not race.live(given, race.lasting)
    race.seed("enable", username=code["username"])
    assert not race.live(given, race.lasting)

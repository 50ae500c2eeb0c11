"""Two things at the same moment (scorecard R-06): a token is asked for while something ends it.

A row of PAIRS runs one pair and answers every token that came out of it; after both have answered, none may live.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from tests.races.race import OFFLINE, Race, issued

# How many of each; the scorecard asks for 1,000.
REPETITIONS: Final = int(os.environ.get("RACE_PAIRS", "50"))


def refresh_and_revoke(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client refreshes and throws the same token away."""
    revocation = race.app.form("/oauth/revoke", token=seeded["refresh_token"])
    return issued(race.pair(race.refreshing(seeded["refresh_token"]), revocation))


def refresh_and_session_end(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client refreshes while the person signs out."""
    return issued(
        race.pair(race.refreshing(seeded["refresh_token"]), lambda: race.seed("end_session", sid=seeded["sid"]))
    )


def refresh_and_withdrawal(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client refreshes while the person takes the consent back."""
    return issued(
        race.pair(race.refreshing(seeded["refresh_token"]), lambda: race.seed("withdraw", consent=seeded["consent"]))
    )


def refresh_and_disabling(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client refreshes while an operator disables the person; enabling them again brings nothing back."""
    answers = race.pair(
        race.refreshing(seeded["refresh_token"]), lambda: race.seed("disable", username=seeded["username"])
    )
    race.seed("enable", username=seeded["username"])
    return issued(answers)


def redeem_and_disabling(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client redeems a code while an operator disables the person; enabling them again brings nothing back."""
    answers = race.pair(race.redemption(seeded), lambda: race.seed("disable", username=seeded["username"]))
    race.seed("enable", username=seeded["username"])
    return issued(answers)


def redeem_and_session_end(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client redeems a code while the person signs out."""
    return issued(race.pair(race.redemption(seeded), lambda: race.seed("end_session", sid=seeded["sid"])))


def redeem_and_withdrawal(race: Race, seeded: dict[str, Any]) -> list[str]:
    """The client redeems a code while the person takes the consent back."""
    return issued(race.pair(race.redemption(seeded), lambda: race.seed("withdraw", consent=seeded["consent"])))


Pair = Callable[[Race, dict[str, Any]], list[str]]

# What is seeded → the pair.
PAIRS: Final[tuple[tuple[str, Pair], ...]] = (
    ("tokens", refresh_and_revoke),
    ("tokens", refresh_and_session_end),
    ("tokens", refresh_and_withdrawal),
    ("tokens", refresh_and_disabling),
    ("codes", redeem_and_disabling),
    ("codes", redeem_and_session_end),
    ("codes", redeem_and_withdrawal),
)


def run(race: Race, kind: str, pair: Pair, repetitions: int = REPETITIONS) -> tuple[int, set[str]]:
    """Run a row; how many tokens were handed out in all, and those that live although both have answered."""
    seeded = race.seed(kind, client_id=race.app.client_id, n=repetitions, scope=OFFLINE, consent=True)
    handed_out: list[str] = []
    for one in seeded:
        handed_out += pair(race, one)
    ours = handed_out + [one[name] for one in seeded for name in ("access_token", "refresh_token") if name in one]
    return len(handed_out), {token for at in range(0, len(ours), 100) for token in race.live(ours[at : at + 100])}

"""``python -m tests.attacks.timing_report``: do answers take longer for somebody who has an account (scorecard T-02)?

At each door the same request goes for somebody who is known and for somebody who is not, in turns, over one connection. What was
slowest (a tenth of all) is cut off, and Welch's t says whether the means differ: at 4.5 and more, somebody could tell the two apart.

A cheap hasher shows whatever differs beside the hash; ``--hasher argon2`` measures what people meet. That each costs the same number
of hashes, statements and mails is asserted by the tests (test_enumeration.py, test_email_code.py); time is asserted nowhere.
"""

from __future__ import annotations

import argparse
import http.client
import math
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from tests.support import services
from tests.support.server import House, house

APART: Final = 4.5
_KEPT: Final = 0.9
_WARM_UP: Final = 20
_LOCKED: Final = 120  # more guesses than an account has in an hour
_SIGN_IN: Final = "/account/login/"

Form = Mapping[str, str]
Maker = Callable[[int], Form]


@dataclass(frozen=True, slots=True)
class Door:
    """Two requests that must look alike.

    Attributes:
        name: for the table.
        path: of both.
        known: turn → the form for somebody who has an account.
        unknown: turn → the form for somebody who has none.
    """

    name: str
    path: str
    known: Maker
    unknown: Maker


@dataclass(frozen=True, slots=True)
class Compared:
    """Two rows of milliseconds, compared."""

    known: Sequence[float]
    unknown: Sequence[float]

    @property
    def t(self) -> float:
        """Welch's: the difference of the means over its standard error."""
        error = math.sqrt(sum(statistics.variance(one) / len(one) for one in (self.known, self.unknown)))
        return (statistics.fmean(self.known) - statistics.fmean(self.unknown)) / error

    @property
    def p(self) -> float:
        """Of a t as far from 0 as this, were there no difference; of hundreds of samples t is as good as normal."""
        return math.erfc(abs(self.t) / math.sqrt(2))

    @property
    def medians_apart(self) -> float:
        """The difference of the medians, as a share of the smaller one."""
        first, second = sorted((statistics.median(self.known), statistics.median(self.unknown)))
        return (second - first) / first


def cropped(known: Sequence[float], unknown: Sequence[float]) -> Compared:
    """Without what was slowest of both together: that is the machine's."""
    most = sorted([*known, *unknown])[int(_KEPT * (len(known) + len(unknown))) - 1]
    return Compared([one for one in known if one <= most], [one for one in unknown if one <= most])


class Stopwatch:
    """Posts forms, each from a browser that nobody has seen before, and measures the way there and back."""

    def __init__(self, port: int) -> None:
        self._asked = 0
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.request("GET", _SIGN_IN)
        page = self._connection.getresponse()
        self._cookie = page.headers["Set-Cookie"].partition(";")[0]
        self._token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())[0]

    def __call__(self, path: str, form: Form) -> tuple[float, int]:
        """Milliseconds, and the status of the answer."""
        body = urlencode({"csrfmiddlewaretoken": self._token, **form})
        self._asked += 1
        headers = {
            "Cookie": self._cookie,
            "Content-Type": "application/x-www-form-urlencoded",
            # Believed where an account is to be locked: one address would be refused before that.
            "X-Forwarded-For": f"198.18.{self._asked // 256 % 256}.{self._asked % 256}",
        }
        begun = time.perf_counter()
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        answer.read()
        return 1_000 * (time.perf_counter() - begun), answer.status


def measure(stopwatch: Stopwatch, door: Door, n: int, warm_up: int = _WARM_UP) -> Compared:
    """In turns, and each of the two first every other time.

    Raises:
        ValueError: the two are not even answered with the same status.
    """
    times: tuple[list[float], list[float]] = ([], [])
    statuses = set()
    for turn in range(-warm_up, n):
        for which in (turn % 2, 1 - turn % 2):
            taken, status = stopwatch(door.path, (door.known, door.unknown)[which](turn))
            statuses.add(status)
            if turn >= 0:
                times[which].append(taken)
    if len(statuses) != 1:
        raise ValueError((door.name, statuses))
    return cropped(*times)


def _wrong(login: str) -> Maker:
    return lambda _: {"login": login, "password": "not it"}


def _address(email: str) -> Maker:
    return lambda _: {"email": email}


def _sign_up(prefix: str, email: str) -> Maker:
    def form(turn: int) -> Form:
        name = f"{prefix}{turn + _WARM_UP}"
        return {"username": name, "email": email.format(name), "password1": "an analytical engine, not a loom"}

    return form


def doors(home: House) -> Iterator[Door]:
    """Somebody who has an account, and one whose account is disabled or has no password."""
    home.seeder("somebody", username="known-one")
    home.seeder("somebody", username="disabled1")
    home.seeder("disable", username="disabled1")
    without = home.seeder("person")["username"]
    known, unknown = "known-one@people.example", "nobody-one@people.example"
    yield Door("sign-in by name, wrong password", _SIGN_IN, _wrong("known-one"), _wrong("nobody-on"))
    yield Door("sign-in by address, wrong password", _SIGN_IN, _wrong(known), _wrong(unknown))
    yield Door("sign-in, disabled account", _SIGN_IN, _wrong("disabled1"), _wrong("nobody-on"))
    yield Door("sign-in, account without a password", _SIGN_IN, _wrong(without), _wrong("nobody-" + "0" * 12))
    yield Door("password reset", "/account/password/reset/", _address(known), _address(unknown))
    yield Door("code by mail", "/account/login/code/", _address(known), _address(unknown))
    yield Door("sign-up", "/account/signup/", _sign_up("one", known), _sign_up("two", "{}@people.example"))


def _row(name: str, compared: Compared) -> str:
    one, two = compared.known, compared.unknown
    cells = (
        name, f"{len(one):,} + {len(two):,}", f"{statistics.fmean(one):.3f}", f"{statistics.fmean(two):.3f}", f"{statistics.median(one):.3f}",
        f"{statistics.median(two):.3f}", f"{compared.medians_apart:.1%}", f"{compared.t:+.2f}", f"{compared.p:.2g}",
        "**yes**" if abs(compared.t) >= APART else "no",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.timing_report", description=__doc__)
    parser.add_argument("-n", type=int, default=2_000, help="requests for each of the two")
    parser.add_argument("--hasher", choices=("cheap", "argon2"), default="cheap")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("words", nargs="*", help="only doors with one of these in their name")
    options = parser.parse_args()
    head = ("door", "n", "mean, known", "mean, unknown", "median, known", "median, unknown", "medians apart", "t", "p", "told apart")  # fmt: skip
    sys.stdout.write(f"| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 1)}\n")
    with services.postgresql() if options.database == "postgresql" else nullcontext("") as database:
        settings = {"FEATURES": "email_code", "TIMED_HASHER": options.hasher}
        with house(database, "tests.support.settings_for_timing", **settings) as home:
            with home.server(workers=1) as server:
                stopwatch = Stopwatch(server.port)
                for door in doors(home):
                    if not options.words or any(word in door.name for word in options.words):
                        sys.stdout.write(_row(door.name, measure(stopwatch, door, options.n)))
                        sys.stdout.flush()
            if not options.words or "locked" in options.words:
                with home.server(workers=1, THROTTLES="on", TRUSTED_PROXIES="127.0.0.1") as server:
                    door = Door("sign-in, locked by wrong guesses", _SIGN_IN, _wrong("known-one"), _wrong("nobody-on"))
                    sys.stdout.write(_row(door.name, measure(Stopwatch(server.port), door, options.n, _LOCKED)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The pages that most people see and no others: sign-in, sign-in for an application, consent. What the server takes for each."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import requests

from bench import machine, page, processes
from bench.gatehouse import gatehouse
from bench.load import Load, line, put
from bench.measure import CALM_SHARE, WARM_UP_SECONDS
from bench.sign_in import PASSWORD
from bench.subject import Subject
from tests.support import services

_SIGN_IN: Final = "/account/login/"
_SECONDS: Final = 6.0
_ASKED: Final = {
    "response_type": "code", "redirect_uri": "https://app.example/callback", "scope": "openid profile email phone address offline_access",
    "state": "s", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
}  # fmt: skip


class Visitor(requests.Session):
    """A browser without a screen."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.origin = f"http://127.0.0.1:{port}"
        self.headers.update({"Accept": "text/html", "Accept-Language": "en"})

    def led(self, path: str, **parameters: str) -> str:
        """Where an address leads: a path of the server."""
        answer = self.get(self.origin + path, params=parameters, allow_redirects=False, timeout=10)
        parts = urlsplit(answer.headers["Location"])
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def sign_in(self, username: str) -> None:
        """With the password of everybody whom the bench makes up."""
        page = self.get(self.origin + _SIGN_IN, timeout=10).text
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        form = {"csrfmiddlewaretoken": token, "login": username, "password": PASSWORD}
        assert self.post(self.origin + _SIGN_IN, form, allow_redirects=False, timeout=10).status_code == 302

    def load(self, path: str) -> Load:
        """The page over and over, as this browser gets it.

        Raises:
            requests.HTTPError: it is not there.
        """
        answer = self.get(self.origin + path, allow_redirects=False, timeout=10)
        answer.raise_for_status()
        assert answer.status_code == 200, (path, answer.headers.get("Location"))
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Accept": "text/html", "Accept-Language": "en"}
        return Load("constant", [line("GET", path, headers | ({"Cookie": cookies} if cookies else {}))])


def loads(subject: Subject) -> dict[str, Load]:
    """Each page → what is sent."""
    asked = {**_ASKED, "client_id": subject.asks}
    stranger, person = Visitor(subject.port), Visitor(subject.port)
    person.sign_in(subject.usernames()[0])
    return {
        "sign-in": Visitor(subject.port).load(_SIGN_IN),
        "sign-in, for an application": stranger.load(stranger.led("/oauth/authorize", **asked)),
        "consent": person.load(person.led("/oauth/authorize", **asked)),
    }


def render(subject: Subject, pages: Mapping[str, Load], load_cpu: str) -> str:
    """A Markdown table: milliseconds of each page for one visitor after the other, and at 70 % of the peak.

    Args:
        subject: ours.
        pages: see ``loads``.
        load_cpu: for taskset.
    """
    head = ("page", "p50 / p95 / p99 ms, one visitor", "p50 / p95 / p99 ms at 70 % of the peak", "pages/s at the peak", "CPU ms", "failed")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for name, load in pages.items():
        put(load, subject.port, WARM_UP_SECONDS, load_cpu)
        before = processes.processor_seconds(subject.pid)
        alone = put(load, subject.port, _SECONDS, load_cpu, connections=1)
        spent = 1_000 * (processes.processor_seconds(subject.pid) - before) / max(1, alone.requests)
        peak = put(load, subject.port, _SECONDS, load_cpu)
        calm = put(load, subject.port, _SECONDS, load_cpu, rate=CALM_SHARE * peak.rate)
        failed = sum(one.refused + one.broken for one in (alone, peak, calm))
        taken = [f"{one.p50:.1f} / {one.p95:.1f} / {one.p99:.1f}" for one in (alone, calm)]
        lines.append(f"| {' | '.join([name, *taken, f'{peak.rate:,.0f}', f'{spent:.1f}', str(failed)])} |")
    return "\n".join(lines)


def main(server_cpu: str, load_cpu: str, *, keep: bool) -> int:
    """Measure on PostgreSQL, print, and perhaps write between the marks of docs/performance.md."""
    with services.postgresql(cpus=server_cpu) as url, gatehouse(url, server_cpu) as subject:
        text = render(subject, loads(subject), load_cpu)
    sys.stdout.write(text + "\n")
    if keep:
        page.put("pages", f"{machine.sentence()}\n\n{text}")
    return 0

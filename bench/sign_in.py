"""Signing in with a password: what it costs above Argon2id, and what two hundred people at once do to everybody else (T-08)."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlencode

from bench import processes
from bench.load import FORM, Load, line, put
from bench.measure import CALM_SHARE, WARM_UP_SECONDS
from bench.subject import Subject
from tests.races.storm import ask, read_answer, request

PASSWORD: Final = "correct horse battery"  # of people that the bench makes up
AT_ONCE: Final = 200
_PAGE: Final = "/account/login/"
_SECONDS: Final = 12.0
_HASHES: Final = 10
_ARGON2: Final = f"""
import argon2, time
hasher = argon2.PasswordHasher(time_cost=5, memory_cost=19_456, parallelism=1)
begun = time.thread_time()
for _ in range({_HASHES}): hasher.hash("{PASSWORD}")
print(1_000 * (time.thread_time() - begun) / {_HASHES})
"""


def _forms(port: int, usernames: Sequence[str]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The headers and the filled-in forms of one look at the page; a browser that nobody knows may sign in many people."""
    page = ask(port, request("GET", _PAGE, {"Host": "127.0.0.1"}))
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())[0]
    headers = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
    return headers, [{"csrfmiddlewaretoken": token, "login": name, "password": PASSWORD} for name in usernames]


def load(port: int, usernames: Sequence[str]) -> Load:
    """One person after the other, and then again from the first."""
    headers, forms = _forms(port, usernames)
    return Load("list", [line("POST", _PAGE, headers, form) for form in forms])


def argon2_ms(cpu: str) -> float:
    """Processor milliseconds of one hash on that core."""
    done = subprocess.run(
        ["taskset", "-c", cpu, sys.executable, "-c", _ARGON2], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def crowd(subject: Subject, usernames: Sequence[str], load_cpu: str, peak: float = 0.0) -> str:
    """Tokens at a calm load without and with two hundred people who sign in at once, as a sentence.

    Args:
        subject: ours.
        usernames: of people.
        load_cpu: for taskset.
        peak: client credentials a second; measured when 0.
    """
    tokens = subject.loads["client_credentials"]()
    rate = CALM_SHARE * (peak or put(tokens, subject.port, WARM_UP_SECONDS, load_cpu).rate)
    alone = put(tokens, subject.port, _SECONDS, load_cpu, rate=rate)
    headers, forms = _forms(subject.port, usernames)
    octets = [
        request("POST", _PAGE, {"Host": "127.0.0.1", "Content-Type": FORM, **headers}, urlencode(form).encode())
        for form in forms
    ]
    with ThreadPoolExecutor(1) as beside:
        measuring = beside.submit(put, tokens, subject.port, _SECONDS, load_cpu, rate=rate)
        everybody = [octets[at % len(octets)] for at in range(AT_ONCE)]
        outcomes = asyncio.run(_come(subject.port, everybody, lambda: not measuring.done()))
        among = measuring.result()
    failed = among.refused + among.broken
    return (
        f"Tokens at {rate:,.0f} a second (70 % of the peak): p50 {alone.p50:.2f}, p95 {alone.p95:.2f} ms alone; p50 {among.p50:.2f}, "
        f"p95 {among.p95:.2f} ms while {AT_ONCE} people sign in at once ({among.p95 / max(alone.p95, 0.001):.1f} times), {failed} failed. "
        f"Of the {AT_ONCE}, {outcomes['in']} were signed in in these {_SECONDS:.0f} seconds; {outcomes['later']} times somebody was asked "
        f"to come back."
    )


async def _sign_in(port: int, octets: bytes, goes_on: Callable[[], bool], outcomes: Counter[str]) -> None:
    """Somebody who comes back when they are asked to, as long as anybody measures."""
    while goes_on():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(octets)
        answer = await read_answer(reader)
        writer.close()
        if answer.status != 503:
            outcomes["in"] += answer.status == 302
            return
        outcomes["later"] += 1
        await asyncio.sleep(float(answer.headers["retry-after"]))


async def _come(port: int, sign_ins: Sequence[bytes], goes_on: Callable[[], bool]) -> Counter[str]:
    """Everybody signs in at once."""
    outcomes: Counter[str] = Counter()
    await asyncio.gather(*(_sign_in(port, octets, goes_on, outcomes) for octets in sign_ins))
    return outcomes


def cost(subject: Subject, usernames: Sequence[str], server_cpu: str, load_cpu: str) -> str:
    """What a sign-in takes of the processor beside its hash, as a sentence."""
    before = processes.processor_seconds(subject.pid)
    measured = put(load(subject.port, usernames), subject.port, _SECONDS, load_cpu)
    spent = 1_000 * (processes.processor_seconds(subject.pid) - before) / max(1, measured.requests)
    hashing = argon2_ms(server_cpu)
    return (
        f"A sign-in takes {spent:.1f} ms of the web process, {hashing:.1f} of them Argon2id and {spent - hashing:.1f} everything else "
        f"({measured.rate:.1f} a second, {measured.refused + measured.broken} failed)."
    )

"""K-13: fifty times the callers that fill a server, for a while: what it still answers, and how soon it is whole again.

Figures alone, no test: seconds say something only on a machine that does nothing else.
"""

from __future__ import annotations

import time
from typing import Final

from bench.load import CONNECTIONS, Load, basic, line, put
from tests.support import services
from tests.support.server import house

NAME: Final = "K-13 overload"
# More than Granian takes in at once (WEB_BACKPRESSURE), so that some wait in the socket.
_CROWD: Final = 50 * CONNECTIONS
_PEAK_SECONDS: Final = 10.0


def report(seconds: float = 60.0, cpu: str = "0") -> str:
    """A sentence with the figures.

    Args:
        seconds: of overload.
        cpu: for the load; the server takes what there is.
    """
    with services.postgresql() as url, house(url) as home, home.server(workers=1) as server:
        made = home.seeder("client")
        tokens = [one["refresh_token"] for one in home.seeder("tokens", client_id=made["client_id"], n=2 * _CROWD)]
        asked = [
            line(
                "POST", "/oauth/token", basic(made["client_id"], made["client_secret"]),
                {"grant_type": "refresh_token", "refresh_token": f"@{token}@"},
            )
            for token in tokens
        ]  # fmt: skip
        peak = put(Load("queue", asked[:_CROWD]), server.port, _PEAK_SECONDS, cpu)
        crowd = put(Load("queue", asked[_CROWD:]), server.port, seconds, cpu, connections=_CROWD)
        begun = time.monotonic()
        services.wait_for(server.is_ready, "the server")
        again = time.monotonic() - begun
    return (
        f"{NAME}: {_CROWD} callers for {seconds:.0f} s, {crowd.rate:,.0f} refreshes a second, {crowd.rate / peak.rate:.0%} of the {peak.rate:,.0f} "
        f"that {CONNECTIONS} get; p50 {crowd.p50:,.0f} ms, p99 {crowd.p99:,.0f} ms; {crowd.refused} refused, {crowd.broken} unanswered; ready "
        f"{again:.2f} s later."
    )

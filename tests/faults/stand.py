"""What is broken: a house on PostgreSQL with one or two servers, and traffic on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.ledger import Ledger
from tests.faults.traffic import Traffic
from tests.races.storm import Client
from tests.support.server import House, Server

# More than the clients use up while anything breaks.
_CODES = 400


@dataclass
class Stand:
    """A running house.

    Attributes:
        house: folder, environment, seeder.
        servers: that share its database.
        app: whose grants the traffic is about.
    """

    house: House
    servers: Sequence[Server]
    app: Client

    @classmethod
    def of(cls, house: House, *servers: Server) -> Stand:
        """With a client of its own."""
        made = house.seeder("client")
        return cls(house, servers, Client(made["client_id"], made["client_secret"]))

    @contextmanager
    def traffic(self, ledger: Ledger) -> Iterator[Traffic]:
        """Traffic that flows when the block begins; at its end the ledger is held against the server."""
        codes = self.house.seeder("codes", client_id=self.app.client_id, n=_CODES)
        ports = [server.port for server in self.servers]
        traffic = Traffic(
            ports, self.app, codes, ledger, lambda user: int(self.house.seeder("rows", user=user)["refresh_tokens"])
        )
        with traffic.running():
            traffic.goes_on()
            yield traffic
        self.house.seeder("reconnect")
        traffic.hold(self.servers[0].port)


def suffer(stand: Stand, fault: Callable[[], None], times: int = 1, ledger: Ledger | None = None) -> Ledger:
    """Break something under traffic, so often; what the clients were told, held against what is true."""
    ledger = ledger or Ledger()
    for _ in range(times):
        with stand.traffic(ledger) as traffic:
            ledger.breaks()
            fault()
            traffic.goes_on()
        ledger.is_over()
    return ledger

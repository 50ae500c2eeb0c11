"""The connection of a guarded fetch: to the addresses that were judged, and not a moment longer than its deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import Any

import httpcore2

from oauth_server.outbound.addresses import Address
from oauth_server.outbound.fetch import FetchError


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the judged addresses only, whatever name it is asked for, and cuts the connection at the deadline.

    The cut comes from outside the reading thread: a peer that drips a byte at a time, in a TLS handshake or in headers,
    would renew any timeout of a single read for ever.
    """

    def __init__(self, addresses: list[Address], left: Callable[[], float]) -> None:
        """Where to connect.

        Args:
            addresses: judged.
            left: seconds until the deadline; raises when there are none.
        """
        self._addresses = addresses
        self._left = left
        self._sync = httpcore2.SyncBackend()
        self._closing = ExitStack()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # the name was resolved and judged before; asking again is how rebinding works
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # one deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """The first of the addresses that answers."""
        for address in self._addresses:
            try:
                stream = self._sync.connect_tcp(str(address), port, self._left(), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            # TLS takes the socket object over, so the cut holds a descriptor of its own.
            twin = self._closing.enter_context(stream.get_extra_info("socket").dup())
            timer = threading.Timer(self._left(), _cut, (twin,))
            timer.daemon = True
            self._closing.callback(timer.cancel)
            timer.start()
            return stream
        raise FetchError("No address of the host answers.")

    def close(self) -> None:
        """Nothing is left to cut."""
        self._closing.close()


def _cut(twin: socket.socket) -> None:
    with suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)

"""Many requests at one moment: connections are opened first, then every request is written before any answer is read."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        members: dict[str, Any] = json.loads(self.body)
        return members

    @property
    def error(self) -> str:
        """Empty where the answer is none of ours: a proxy's page."""
        is_json = "json" in self.headers.get("content-type", "")
        return str(self.json().get("error", "")) if self.status != 200 and is_json else ""


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks; a secret goes into the Authorization header."""

    client_id: str
    secret: str = ""

    def form(self, path: str, **members: str) -> bytes:
        """A POST of a form, as octets."""
        headers = {"Host": "127.0.0.1", "Content-Type": "application/x-www-form-urlencoded"}
        if self.secret:
            pair = f"{self.client_id}:{self.secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif self.client_id:
            members = {"client_id": self.client_id, **members}
        return request("POST", path, headers, urlencode(members).encode())


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """An HTTP/1.1 request as octets."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """One answer, of known length or in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(first.split()[1]), headers, body)


async def _storm(ports: Sequence[int], requests: Sequence[bytes], beside: Callable[[], Any] | None) -> list[Any]:
    streams = await asyncio.gather(
        *(asyncio.open_connection("127.0.0.1", ports[index % len(ports)]) for index in range(len(requests)))
    )
    loop = asyncio.get_running_loop()
    waiting: list[Awaitable[Any]] = [loop.run_in_executor(None, beside)] if beside else []
    for (_, writer), octets in zip(streams, requests, strict=True):
        writer.write(octets)
    waiting += [read_answer(reader) for reader, _ in streams]
    try:
        answers = await asyncio.wait_for(asyncio.gather(*waiting), _PATIENCE_SECONDS)
    finally:
        for _, writer in streams:
            writer.close()
    return list(answers[1:]) if beside else list(answers)


def storm(
    port: int | Sequence[int], requests: Iterable[bytes], *, beside: Callable[[], Any] | None = None
) -> list[Answer]:
    """Send all requests at once, each over a connection of its own; the answers in the order of the requests.

    Args:
        port: of the server, or of several servers, which take turns.
        requests: as octets.
        beside: something that happens at the same moment, in a thread.
    """
    ports = [port] if isinstance(port, int) else list(port)
    return asyncio.run(_storm(ports, list(requests), beside))


def ask(port: int, octets: bytes) -> Answer:
    """One request, one answer."""
    return storm(port, [octets])[0]

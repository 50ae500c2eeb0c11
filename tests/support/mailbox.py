"""A real SMTP server (aiosmtpd) that keeps what it is given, and refuses what a test wants refused."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.services import free_port


@dataclass
class Mailbox:
    """What arrived, and how the server answers.

    Attributes:
        port: on 127.0.0.1.
        seen: the Message-ID of each try.
        refusals: answers for the next mails, like ``451 try later``; those without one are taken.
    """

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.seen.append(message["Message-ID"])
        if self.refusals:
            return self.refusals.pop(0)
        message["X-Recipients"] = ",".join(envelope.rcpt_tos)
        self.messages.append(message)
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server that listens."""
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()

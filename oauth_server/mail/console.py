"""Mail on the terminal of a developer: who gets it, what it says, and the link to click; no headers, no HTML."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend as DjangoConsole


class EmailBackend(DjangoConsole):
    """Prints the text part."""

    def write_message(self, message: EmailMessage) -> None:
        """One mail, between two lines."""
        text = f"Mail to {', '.join(self._readers(message))}: {message.subject}\n\n{str(message.body).strip()}\n"
        line = "-" * 72
        self.stream.write(f"{line}\n{text}{line}\n")

    def _readers(self, message: EmailMessage) -> Sequence[str]:
        return message.recipients()

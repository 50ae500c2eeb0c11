"""Django's mail back end (settings.EMAIL_BACKEND): a mail becomes a row of the outbox, in the transaction of whoever sends it."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from oauth_server.keys.wrap import wrap
from oauth_server.outbox.put import put

TOPIC: Final = "mail"
SEALED: Final = "mail"


class OutboxBackend(BaseEmailBackend):
    """Accepts every mail at once and costs one insert, be the mail server quick, slow or away.

    A sign-in or a reset takes as long for an address that has an account as for one that has none.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails down; answers how many."""
        return put(TOPIC, [_payload(message) for message in email_messages if message.recipients()], timezone.now())


def _payload(message: EmailMessage) -> dict[str, str]:
    if message.attachments:
        raise ValueError("A mail of ours has no attachments.")
    said: dict[str, Any] = {
        "subject": str(message.subject),
        "body": str(message.body),
        "from_email": message.from_email,
        "to": message.to,
        "cc": message.cc,
        "bcc": message.bcc,
        "reply_to": message.reply_to,
        # The same at every try: a mail that arrives twice is shown once.
        "headers": {"Message-ID": f"<{uuid.uuid4()}@{urlsplit(settings.ISSUER).hostname}>", **message.extra_headers},
        "alternatives": [[str(part.content), part.mimetype] for part in getattr(message, "alternatives", ())],
    }
    return {"sealed": base64.b64encode(wrap(json.dumps(said).encode(), SEALED)).decode()}

"""The sending of one mail, as the outbox asks for it."""

from __future__ import annotations

import base64
import json
import smtplib
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from oauth_server.keys.wrap import unwrap
from oauth_server.mail.backend import SEALED
from oauth_server.outbox.topics import DeliveryError, Effect, HopelessError, Letter

# A mail that comes a day late says nothing that is still true: its codes and links are over.
_STALE: Final = timedelta(days=1)
# RFC 5321 §4.2.3: no such mailbox, or it will not be taken. Other refusals, of our password for one, are somebody's to mend.
_FOR_GOOD: Final = frozenset({550, 551, 552, 553, 554})


def prepare(letter: Letter, now: datetime) -> Effect:
    """Open the mail and hand it on.

    Raises:
        HopelessError: it is too old to be of use.
    """
    if now - letter.created > _STALE:
        raise HopelessError("It waited for a day; what it says is over.")
    said: dict[str, Any] = json.loads(unwrap(base64.b64decode(letter.payload["sealed"]), SEALED))
    alternatives = [(content, mimetype) for content, mimetype in said.pop("alternatives")]
    return partial(_send, EmailMultiAlternatives(**said, alternatives=alternatives))


def _send(message: EmailMultiAlternatives) -> None:
    connection = get_connection(settings.MAIL_BACKEND)
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        raise _told(max((code for code, _ in error.recipients.values()), default=0)) from None
    except smtplib.SMTPResponseException as error:
        raise _told(error.smtp_code) from None
    except (OSError, smtplib.SMTPException) as error:
        # The server's own words may quote the address or the mail.
        raise DeliveryError(f"The mail server cannot be reached: {type(error).__name__}.") from None


def _told(code: int) -> DeliveryError:
    if code in _FOR_GOOD:
        return HopelessError(f"The mail server refused it for good: {code}.")
    return DeliveryError(f"The mail server refused it: {code}.")

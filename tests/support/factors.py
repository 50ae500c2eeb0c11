"""Second factors of people, for tests."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from identity.models import User


@dataclass
class App:
    """An authenticator app: each call is the next code, since a code works once."""

    secret: str
    shown: int = field(default=-2)

    def code(self) -> str:
        """The next code that the server takes: of the step before, of now, of the one after."""
        self.shown += 1
        return str(format_hotp_value(hotp_value(self.secret, int(time.time()) // 30 + self.shown)))


def give_app(user: User) -> App:
    """An authenticator app for somebody."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return App(secret)

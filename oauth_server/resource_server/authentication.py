"""How strongly, and how lately, the person behind a token must have signed in (RFC 9470)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oauth_server.protocol.errors import InsufficientUserAuthentication
from oauth_server.resource_server.token import BearerToken

# The clocks of issuer and API may differ by this many seconds.
_SKEW: Final = 30


@dataclass(frozen=True, slots=True)
class Authentication:
    """What an API asks of a sign-in.

    Attributes:
        acr_values: the levels that do, any of them; empty for every level.
        max_age: seconds since the sign-in; None for any age.
    """

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None

    def judge(self, token: BearerToken, now: datetime) -> None:
        """Look at what the token says of the sign-in (RFC 9470 §6).

        Raises:
            InsufficientUserAuthentication: it is too weak, too old, or not said.
        """
        acr, auth_time = token.claims.get("acr"), token.claims.get("auth_time")
        if self.acr_values and acr not in self.acr_values:
            raise self._insufficient("Another authentication level is required.")
        if self.max_age is None:
            return
        if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
            raise self._insufficient("A more recent authentication is required.")
        if now.timestamp() - auth_time > self.max_age + _SKEW:
            raise self._insufficient("A more recent authentication is required.")

    def _insufficient(self, why: str) -> InsufficientUserAuthentication:
        return InsufficientUserAuthentication(why, acr_values=" ".join(self.acr_values), max_age=self.max_age)

"""The one way in which a JOSE object is refused."""

from __future__ import annotations


class JoseError(ValueError):
    """A JWS, JWT or JWK is not acceptable. Its sentence never repeats what the other side sent."""


class ExpiredError(JoseError):
    """A token whose time is over, and which was good before."""

"""What a request presents as its client's credential, once it is found and read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Presented:
    """One credential.

    Attributes:
        client_id: who it claims to be; empty when malformed.
        methods: the registered methods that look like this on the wire.
        secrets: the client secret, for the two methods that send it; more than one reading where the wire leaves a doubt.
        assertion: the JWT, for the two methods that sign one.
        endpoint: the URL that the request came to, for the audience of an assertion.
    """

    client_id: str
    methods: frozenset[str]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    assertion: str = field(default="", repr=False)
    endpoint: str = ""

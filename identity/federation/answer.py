"""What the browser brings back from a provider (RFC 6749 §4.1.2, RFC 9207), judged before anything is done with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from identity.federation.connection import Connection
from identity.federation.metadata import Metadata
from identity.federation.refusal import Reason, Refused

# What is read of an answer; a provider that posts it gets these back as a query.
NAMES: Final = ("state", "code", "iss", "error", "error_description")
_LONGEST: Final = 4_096
_CANCELLED: Final = frozenset({"access_denied", "user_cancelled_authorize", "user_cancelled_login"})


@dataclass(frozen=True, slots=True)
class Answer:
    """The parameters of a callback, each at most once; empty for absent."""

    state: str = ""
    code: str = field(default="", repr=False)
    iss: str = ""
    error: str = ""
    error_description: str = ""


def read(parameters: Mapping[str, Sequence[str]]) -> Answer:
    """Take an answer apart.

    Args:
        parameters: name → every value that was given.

    Raises:
        Refused: a parameter came twice (RFC 6749 §3.1), or is too long to be one.
    """
    found: dict[str, str] = {}
    for name in NAMES:
        values = list(parameters.get(name, ()))
        if len(values) > 1 or any(len(value) > _LONGEST or "\0" in value for value in values):
            raise Refused(Reason.THEIR_ERROR, f"The parameter {name} is malformed.")
        found[name] = values[0] if values else ""
    return Answer(**found)


def check_issuer(answer: Answer, made: Connection, metadata: Metadata) -> None:
    """Whether the answer is from whom we asked (RFC 9207 §2.4); asked before the code or an error is looked at.

    Raises:
        Refused: it is from somebody else, or does not say so where the provider always does.
    """
    if not answer.iss:
        if metadata.names_itself:
            raise Refused(Reason.ISSUER, "The answer has no iss.")
        return
    if answer.iss != metadata.issuer and not made.accepts_issuer(answer.iss):
        raise Refused(Reason.ISSUER, f"The answer is from {answer.iss[:200]}.")


def check_outcome(answer: Answer) -> str:
    """The code.

    Raises:
        Refused: the person cancelled, or the provider says no.
    """
    if answer.error in _CANCELLED:
        raise Refused(Reason.CANCELLED, answer.error)
    if answer.error or not answer.code:
        detail = (
            f"{answer.error[:100]}: {answer.error_description[:200]}" if answer.error else "The answer has no code."
        )
        raise Refused(Reason.THEIR_ERROR, detail)
    return answer.code

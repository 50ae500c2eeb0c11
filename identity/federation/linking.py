"""Who is somebody from elsewhere here? The rules by which an account can be reached, and cannot be taken over. Pure.

1. Issuer and subject name them, and nothing else (OpenID Connect Core §5.7): not a username, not an address, which anybody may write
   into their account there ("nOAuth") and which may be given to somebody else.
2. An address links only once, and only when three agree: the operator lets this provider vouch for the address's domain, the provider
   says that its owner was asked, and our person has proved to own it here. Whoever merely typed it here is not its owner
   (pre-hijacking). Operators' accounts, and those with a second factor, are never reached by an address.
3. Everybody else proves their account here first, in the same browser, and then says yes to this very account elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from identity.federation.connection import Connection
from identity.federation.profile import Stranger
from identity.federation.refusal import Reason, Refused
from identity.models import Upstream, User

LINK: Final = "link"
SIGN_IN: Final = "sign_in"


class Step(Enum):
    """What happens next."""

    SIGN_IN = "sign_in"
    LINK = "link"
    LINKED_ALREADY = "linked_already"
    LINK_BY_EMAIL = "link_by_email"
    SIGN_UP = "sign_up"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known here of somebody from elsewhere.

    Attributes:
        linked_to: whose account theirs is linked to.
        owner: who proved here to own their address.
        is_guarded: whether that owner wants more than an address to be proved.
        signed_in: who sits at the browser, for linking.
        linking: who began to link; empty for a sign-in.
    """

    linked_to: User | None = None
    owner: User | None = None
    is_guarded: bool = False
    signed_in: User | None = None
    linking: str = ""


def may_vouch(made: Connection, stranger: Stranger) -> bool:
    """Whether this provider is believed about this address."""
    return stranger.email_is_verified and made.vouches_for(stranger.email)


def decide(made: Connection, stranger: Stranger, standing: Standing, process: str) -> Step:
    """What becomes of somebody from elsewhere.

    Args:
        made: their provider.
        stranger: who they are there.
        standing: what is known of them here.
        process: what was begun.

    Raises:
        Refused: nothing may.
    """
    if process == LINK:
        return _linking(standing)
    if standing.linked_to is not None:
        return Step.SIGN_IN
    believed = may_vouch(made, stranger)
    owner = standing.owner
    if believed and owner is not None and not (owner.is_staff or owner.is_superuser or standing.is_guarded):
        return Step.LINK_BY_EMAIL
    if made.row.sign_up == Upstream.SignUp.CLOSED:
        raise Refused(Reason.NOT_LINKED)
    # An address that has an owner, who is reached in no such way: no second account may be made of it either.
    if made.row.sign_up == Upstream.SignUp.AUTOMATIC and believed and owner is None:
        return Step.SIGN_UP
    return Step.ASK


def _linking(standing: Standing) -> Step:
    person = standing.signed_in
    if person is None or str(person.pk) != standing.linking:
        raise Refused(Reason.ANOTHER_PERSON)
    if standing.linked_to is None:
        return Step.LINK
    if standing.linked_to.pk != person.pk:
        raise Refused(Reason.LINKED_ELSEWHERE)
    return Step.LINKED_ALREADY

"""Proofs of a sign-in that lives, which a new one is added to instead of starting at nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from allauth.account.models import Login
from allauth.account.stages import LoginStage

from identity.models import LoginSession, User
from identity.sign_in.assurance import SECOND, Proof
from identity.sign_in.demand import Demand

_KEPT: Final = "kept"


def keep(proofs: Iterable[Proof]) -> dict[str, Any]:
    """What the state of allauth's ``Login`` says of them; it goes with that one sign-in and no other."""
    return {_KEPT: [proof.to_json() for proof in proofs]}


def keep_second_steps(session: LoginSession | None, user: User, demand: Demand) -> dict[str, Any]:
    """What a new sign-in keeps of the one that lives, where the application says how old a proof may be (``max_age``).

    A second step of the same person that is young enough is not asked for again.

    Args:
        session: who is signed in.
        user: who signs in.
        demand: of the application.
    """
    if session is None or session.user_id != user.pk or demand.since is None:
        return {}
    return keep(one for one in demand.counted(session.proved) if SECOND in one.factors)


def kept(login: Login) -> tuple[Proof, ...]:
    """The proofs that a sign-in keeps."""
    return tuple(Proof.from_json(proof) for proof in login.state.get(_KEPT, []))


class KeptStage(LoginStage):
    """The last stage: asks nothing, and hands the proofs to whoever writes the sign-in down (``sessions.start``)."""

    key = "kept_proofs"

    def handle(self) -> tuple[None, bool]:
        """Go on."""
        self.request.kept_proofs = kept(self.login)
        return None, True

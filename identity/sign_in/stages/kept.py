"""Proofs of a sign-in that lives, which a new one is added to instead of starting at nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from allauth.account.models import Login
from allauth.account.stages import LoginStage

from identity.sign_in.assurance import Proof

_KEPT: Final = "kept"


def keep(proofs: Iterable[Proof]) -> dict[str, Any]:
    """What the state of allauth's ``Login`` says of them; it goes with that one sign-in and no other."""
    return {_KEPT: [proof.to_json() for proof in proofs]}


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

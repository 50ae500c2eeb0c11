"""What we ask a provider: the authorization request, and what we remember of it to judge the answer (OpenID Connect Core §3.1.2.1)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlencode

from django.conf import settings

from identity.federation.connection import Connection
from identity.federation.metadata import Metadata
from identity.federation.refusal import Reason, Refused
from identity.sign_in import assurance

_OCTETS: Final = 32
LOGIN: Final = "login"
SELECT_ACCOUNT: Final = "select_account"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sign-in must be like; it travels to the provider, and the answer is held against it.

    Attributes:
        again: the person has to prove anew who they are.
        since: how old their last proof may be, seconds since 1970; None for any age.
        levels: lists of levels of ours, of each of which one should be reached.
        login_hint: whom the application means.
        ui_locales: the languages that it asks for.
        select_account: the person is to choose among their accounts there.
    """

    again: bool = False
    since: float | None = None
    levels: tuple[tuple[str, ...], ...] = ()
    login_hint: str = ""
    ui_locales: tuple[str, ...] = ()
    select_account: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is remembered in the browser's session, under ``state``, until the answer comes; it is taken out once.

    Attributes:
        process: ``sign_in`` or ``link``.
        person: who began to link; empty for a sign-in.
        next: where to go afterwards.
        fingerprint: of the connection as it was.
        nonce: what the ID token must repeat.
        verifier: what proves to the token endpoint that we began this (RFC 7636 §4.1).
        oldest: how old the person's proof there may be, seconds since 1970.
        must_say_when: whether the provider has to say how old it is.
    """

    process: str
    person: str
    next: str
    fingerprint: str
    nonce: str
    verifier: str
    oldest: float
    must_say_when: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the session."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Back from the session."""
        return cls(**{each.name: stored[each.name] for each in fields(cls) if each.name in stored})


class Purpose(NamedTuple):
    """What a question is for: ``sign_in`` or ``link``, where to go afterwards, and who links."""

    process: str
    next: str
    person: str = ""


class Question(NamedTuple):
    """Where to send the browser, the ``state`` in that address, and what to remember under it."""

    address: str
    state: str
    remembered: Asked


def challenge(verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def their_acr(wanted: Sequence[Sequence[str]], levels: Mapping[str, str]) -> tuple[str, ...]:
    """The provider's words for levels that are strong enough.

    Args:
        wanted: lists of levels of ours; one of each is to be reached.
        levels: theirs → ours.
    """
    if not wanted:
        return ()
    return tuple(
        theirs
        for theirs, ours in levels.items()
        if all(any(assurance.satisfies(ours, level) for level in one) for one in wanted)
    )


def ask(made: Connection, metadata: Metadata, wish: Wish, purpose: Purpose, now: datetime) -> Question:
    """The question, anew with its own ``state``, ``nonce`` and verifier.

    Args:
        made: the provider.
        metadata: as it describes itself.
        wish: what the sign-in must be like.
        purpose: what for.
        now: aware UTC.

    Raises:
        Refused: the provider has no authorization endpoint that a browser could be sent to.
    """
    endpoint = metadata.endpoint("authorization_endpoint")
    if not endpoint.startswith(("https://", "http://")):
        raise Refused(Reason.MISCONFIGURED, "It has no authorization endpoint.")
    state, nonce, verifier = (secrets.token_urlsafe(_OCTETS) for _ in range(3))
    parameters: dict[str, str] = {
        **made.parameters,
        "response_type": "code",
        "client_id": made.client_id,
        "redirect_uri": made.redirect_uri,
        "scope": made.scope,
        "state": state,
    }
    if made.preset.is_openid:
        parameters["nonce"] = nonce
    if made.preset.sends_challenge:
        parameters |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    if made.preset.response_mode:
        parameters["response_mode"] = made.preset.response_mode
    at = now.timestamp()
    oldest = at if wish.again else max(wish.since or 0, at - settings.LIFETIMES.session)
    parameters |= _wishes(made, wish, int(at - oldest), metadata.prompts or made.preset.prompts)
    asked = Asked(
        process=purpose.process,
        person=purpose.person,
        next=purpose.next,
        fingerprint=made.fingerprint,
        nonce=nonce,
        verifier=verifier if made.preset.sends_challenge else "",
        oldest=oldest,
        must_say_when=wish.again or wish.since is not None,
    )
    joint = "&" if "?" in endpoint else "?"
    return Question(f"{endpoint}{joint}{urlencode(parameters)}", state, asked)


def _wishes(made: Connection, wish: Wish, max_age: int, prompts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not made.preset.is_openid:
        return found
    # It makes auth_time required in the ID token, by which we see what was done; and no sign-in here is older than one may be.
    found["max_age"] = str(max_age)
    if wish.again:
        found["prompt"] = LOGIN
    elif wish.select_account:
        found |= _choice(prompts)
    if theirs := their_acr(wish.levels, made.row.acr_values):
        found["acr_values"] = " ".join(theirs)
    if wish.login_hint:
        found["login_hint"] = wish.login_hint
    if wish.ui_locales:
        found["ui_locales"] = " ".join(wish.ui_locales)
    return found


def _choice(prompts: Sequence[str]) -> dict[str, str]:
    """How the person is let choose an account: ``select_account`` where it is known to be understood, since others refuse the request.

    ``login``, which every provider has to understand (Core §15.1), lets them choose as well.
    """
    if SELECT_ACCOUNT in prompts:
        return {"prompt": SELECT_ACCOUNT}
    return {"prompt": LOGIN} if not prompts or LOGIN in prompts else {}

"""A process that puts clients, people and codes into the database of a real server, and does what operators and people do.

One JSON object a line on standard input, ``{"do": name, "arguments": {…}}``; one answer a line. Only the server's own
modules are used, so that a race against it is a race against what it does in production.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import timedelta
from io import StringIO
from typing import Any

import argon2
import django

django.setup()

from allauth.mfa.models import Authenticator  # noqa: E402  # models need a configured Django
from django.core.management import call_command, execute_from_command_line  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402

from identity.federation.configure import set_up  # noqa: E402
from identity.models import LoginSession, User, linked  # noqa: E402
from identity.sessions.end import end  # noqa: E402
from identity.sign_in.stages import ways_in  # noqa: E402
from oauth_server.clients import metadata, registry  # noqa: E402
from oauth_server.clients.client import RegisteredClient  # noqa: E402
from oauth_server.clients.subjects import sid_of  # noqa: E402
from oauth_server.grants import authorization_code  # noqa: E402
from oauth_server.keys import store  # noqa: E402
from oauth_server.models import (  # noqa: E402
    AccessToken,
    AuditEvent,
    AuthorizationCode,
    Consent,
    OutboxMessage,
    Participation,
    RefreshToken,
    TokenFamily,
    freshness,
)
from oauth_server.outbox import nudge as messenger  # noqa: E402
from oauth_server.protocol.parameters import Parameters  # noqa: E402
from oauth_server.supervisor.processes import web  # noqa: E402
from oauth_server.tokens.authorization import Authorization  # noqa: E402
from oauth_server.tokens.code import CodeGrant, issue_code  # noqa: E402
from oauth_server.tokens.issue import issue  # noqa: E402
from oauth_server.tokens.revoke import withdraw_consent  # noqa: E402
from oauth_server.tokens.tasks import sweep  # noqa: E402
from tests.support import furnished  # noqa: E402
from tests.support.migrated import migrate  # noqa: E402

REDIRECT = "https://app.example/callback"


def prepare() -> list[str]:
    """Tables and keys; answers the command line of the web process."""
    migrate()
    store.ensure_keys(timezone.now())
    return web()


def manage(arguments: list[str], given: str = "") -> dict[str, Any]:
    """``manage.py`` with these arguments and this standard input: how it ended and what it printed."""
    freshness.forget()  # a command that starts knows nothing
    printed, said, code = StringIO(), StringIO(), 0
    sys.stdin, asked = StringIO(given), sys.stdin
    try:
        with redirect_stdout(printed), redirect_stderr(said):
            execute_from_command_line(["manage.py", *arguments])
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stdin = asked
    return {"code": code, "printed": printed.getvalue(), "said": said.getvalue()}


def client(**members: Any) -> dict[str, Any]:
    """Register a client by RFC 7591 metadata; answers what it is told."""
    members.setdefault("grant_types", ["authorization_code", "refresh_token"])
    if "authorization_code" in members["grant_types"]:
        members.setdefault("redirect_uris", [REDIRECT])
    return metadata.register(members, now=timezone.now())[1]


def person(password: str = "") -> dict[str, str]:
    """Somebody with a sign-in."""
    now = timezone.now()
    name = f"person-{secrets.token_hex(6)}"
    user = User.objects.create_user(name, f"{name}@example.org", password or None, name="Olena Shevchenko")
    session = LoginSession.objects.create(
        sid=str(uuid.uuid4()), user=user, browser=secrets.token_hex(32), auth_time=now, acr="1", amr=["pwd"],
        created=now, last_seen=now, expires=now + timedelta(days=1),
    )  # fmt: skip
    return {"user": str(user.pk), "username": name, "sid": session.sid, "email": user.email}


def make_costly(username: str, passes: int) -> None:
    """Let nobody's password open this account, and each try cost so many passes of Argon2id (ours take five)."""
    encoded = argon2.PasswordHasher(time_cost=passes, memory_cost=19_456, parallelism=1).hash(secrets.token_hex())
    User.objects.filter(username=username).update(password=f"argon2{encoded}")


def upstream(**members: Any) -> None:
    """Set a provider up, as an operator does."""
    set_up(members, may_replace=True)


def newcomer(issuer: str, more: Sequence[str] = ()) -> str:
    """Somebody who was never here and signs in by a provider alone; their username, which is their subject there."""
    name = f"person-{secrets.token_hex(6)}"
    user = User.objects.create_user(name, f"{name}@example.org", None)
    User.objects.give_email(user, user.email, verified=True)
    for subject in (name, *more):
        linked.link(user, issuer, subject, {})
    return name


def links(username: str) -> list[str]:
    """The subjects elsewhere that open somebody's account."""
    return [account.uid for account in linked.of_person(User.objects.get(username=username))]


def passkey(username: str) -> int:
    """A passkey of somebody that opens the account alone; its number."""
    found = {"clientExtensionResults": {"credProps": {"rk": True}}}
    owner = User.objects.get(username=username)
    made = Authenticator.objects.create(
        user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": found}
    )
    return made.pk


def ways(username: str) -> int:
    """How many ways open somebody's account."""
    return ways_in(User.objects.get(username=username))


def sessions(username: str) -> list[str]:
    """The sign-ins of somebody that live."""
    user = User.objects.get(username=username)
    return [session.sid for session in LoginSession.objects.of_person(user, timezone.now())]


def _known(client_id: str) -> RegisteredClient:
    found = registry.get(client_id)
    if found is None:
        raise LookupError(client_id)
    return found


def codes(
    client_id: str,
    n: int = 1,
    scope: str = "openid profile offline_access",
    user: str = "",
    sid: str | None = None,
    *,
    consent: bool = False,
) -> list[dict[str, Any]]:
    """Codes as the authorization endpoint would have given them: each for a new person, unless ``user`` names one."""
    now = timezone.now()
    asker = _known(client_id)
    made = []
    with transaction.atomic():
        for _ in range(n):
            who = {"user": user, "sid": sid} if user else person()
            agreed = None
            if consent:
                agreed = Consent.objects.remember(
                    uuid.UUID(who["user"]), asker.pk, frozenset(scope.split()), now, now + timedelta(days=1)
                ).pk
            verifier = secrets.token_urlsafe(48)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            grant = CodeGrant(
                client=asker,
                user_id=uuid.UUID(who["user"]),
                redirect_uri=REDIRECT,
                scope=tuple(scope.split()),
                session_sid=who["sid"],
                consent_id=agreed,
                auth_time=now,
                acr="1",
                amr=("pwd",),
                nonce="n-0S6_WzA2Mj",
                code_challenge=challenge,
                code_challenge_method="S256",
            )
            made.append({**who, "code": issue_code(grant, now), "code_verifier": verifier, "consent": agreed})
    return made


def tokens(client_id: str, n: int = 1, **how: Any) -> list[dict[str, Any]]:
    """Token sets, each of a family of its own, minted as the token endpoint mints them."""
    asker = _known(client_id)
    sets = []
    with transaction.atomic():
        for code in codes(client_id, n, **how):
            now = timezone.now()
            form = Parameters({"code": code["code"], "code_verifier": code["code_verifier"]})
            outcome = authorization_code.decide(form, asker, now)
            if not isinstance(outcome, Authorization):
                raise outcome.error
            sets.append(code | issue(outcome, now).members())
    return sets


def redeem_slowly(client_id: str, code: str, code_verifier: str, pause: float) -> dict[str, Any]:
    """What the token endpoint does with a code, with a pause between saving and committing.

    Args:
        client_id: whose code it is.
        code: the code.
        code_verifier: that goes with it.
        pause: seconds.
    """
    with transaction.atomic():
        now = timezone.now()
        form = Parameters({"code": code, "code_verifier": code_verifier})
        outcome = authorization_code.decide(form, _known(client_id), now)
        if not isinstance(outcome, Authorization):
            raise outcome.error
        made = issue(outcome, now).members()
        time.sleep(pause)
        return made


def rows(user: str) -> dict[str, int]:
    """What stands in the tables for a person; ``live`` families, and refresh tokens that nobody used."""
    families = TokenFamily.objects.filter(user=user)
    return {
        "families": families.count(),
        "live": families.filter(revoked_at=None).count(),
        "access_tokens": AccessToken.objects.filter(family__user=user).count(),
        "refresh_tokens": RefreshToken.objects.filter(family__user=user).count(),
        "unused": RefreshToken.objects.filter(family__user=user, used_at=None).count(),
    }


def events(user: str) -> list[str]:
    """The names of what was recorded about a person."""
    return list(AuditEvent.objects.filter(user=user).order_by("pk").values_list("name", flat=True))


def age_codes(user: str, seconds: int = 3_600) -> int:
    """Make the redemptions of a person's codes look older."""
    return AuthorizationCode.objects.filter(user=user, used_at__isnull=False).update(
        used_at=F("used_at") - timedelta(seconds=seconds)
    )


def disable(username: str) -> None:
    """What an operator does."""
    call_command("disable_user", username, stdout=StringIO())


def enable(username: str) -> None:
    """What an operator does."""
    call_command("enable_user", username, stdout=StringIO())


def end_session(sid: str) -> bool:
    """What signing out does."""
    return end(LoginSession.objects.select_related("user").get(pk=sid), timezone.now(), "signed_out")


def participant(client_id: str) -> dict[str, str]:
    """Somebody whose sign-in a client took part in; ``told`` is what the client calls that sign-in."""
    who, client = person(), _known(client_id)
    Participation.objects.take_part(who["sid"], client.pk, timezone.now())
    return {**who, "told": sid_of(client, who["sid"])}


def outbox() -> dict[str, int]:
    """How many effects are done, wait, were given up."""
    rows = OutboxMessage.objects.all()
    return {
        "done": rows.filter(done_at__isnull=False).count(),
        "waiting": rows.filter(done_at=None, abandoned_at=None).count(),
        "abandoned": rows.filter(abandoned_at__isnull=False).count(),
    }


def run_out_claims() -> None:
    """Make what dead workers claimed look old."""
    OutboxMessage.objects.update(claimed_until=timezone.now())


def clean_up() -> dict[str, int]:
    """What beat has done every few minutes."""
    return sweep(timezone.now())


def nudge() -> None:
    """Tell the worker that something waits."""
    messenger.soon()


def reconnect() -> None:
    """Forget connections: the database was away."""
    connections.close_all()


def withdraw(consent: int) -> bool:
    """What a person does who takes a consent back."""
    return withdraw_consent(consent, timezone.now(), "withdrawn by the person")


DEEDS: dict[str, Callable[..., Any]] = {
    deed.__name__: deed
    for deed in (
        migrate, prepare, manage, client, person, make_costly, codes, tokens, redeem_slowly, rows, events, age_codes, disable, enable, end_session, withdraw,
        upstream, newcomer, links, passkey, ways, sessions,
        participant, outbox, run_out_claims, nudge, clean_up, reconnect,
        furnished.furnish, furnished.somebody, furnished.equip, furnished.faults,
    )
}  # fmt: skip


def main() -> None:
    """Serve until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"done": DEEDS[asked["do"]](**asked["arguments"])}
        except Exception:  # whoever asked must hear of it
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

"""A house that is lived in, for whoever looks at its pages: people with much and with little, applications, providers.

Runs in the seeder's process (``tests.support.seeder``), with the server's own modules, on the server's database.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver, reverse
from django.utils import timezone

from identity.account.create import create_or_update
from identity.federation.configure import set_up
from identity.middleware import PasswordPressure
from identity.models import LoginSession, Upstream, User, linked
from identity.models.trusted import TrustedBrowser
from identity.sign_in.passwords import TooBusyError
from oauth_server.clients import metadata
from oauth_server.endpoints.faults import too_often
from oauth_server.portal.forms import registration
from oauth_server.portal.kinds import KINDS
from tests.support import operators

PASSWORD: Final = "an analytical engine, not a loom"
PEOPLE: Final[dict[str, dict[str, Any]]] = {
    # Everything, and long; nothing; a second step at the door.
    "ada": {"name": "Augusta Ada King, Countess of Lovelace", "given_name": "Augusta Ada", "zoneinfo": "Europe/London"},
    "nia": {},
    "bo": {"name": "Bo"},
    # An operator, and somebody with a row in each table that operators look at.
    "olga": {},
    "otto": {},
}
CALLBACK: Final = "https://app.example/callback"
LONG: Final = "Donaudampfschifffahrtsgesellschaftskapitänskajütenverwaltung"
BROWSERS: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
)


def furnish(provider: str, callback: str) -> dict[str, str]:
    """Make it all; answers what addresses need.

    Args:
        provider: issuer of a provider elsewhere, whose client is that of ``tests.support.upstream``.
        callback: a redirect URI where something listens, for who walks all the way.
    """
    people = {
        name: create_or_update(name, f"{name}@people.example", PASSWORD, known)[0] for name, known in PEOPLE.items()
    }
    ada, bo = people["ada"], people["bo"]
    long = EmailAddress.objects.create(user=ada, email=f"{'countess.of.lovelace' * 2}@analytical-engine.people.example")
    give_factors(bo)
    set_up(
        {
            "slug": "there", "name": "There", "issuer": provider, "client_id": "gatehouse-there",
            "client_secret": "a secret that is kept there too", "email_domains": ["there.example"],
        },
        may_replace=False,
    )  # fmt: skip
    set_up(
        {"slug": "google", "preset": "google", "client_id": "x", "client_secret": "y"},
        may_replace=False,
    )
    linked.link(ada, provider, "ada-elsewhere", {"name": "Ada Lovelace", "email": "ada@there.example"})
    now = timezone.now()
    for agent in BROWSERS:
        LoginSession.objects.create(
            sid=str(uuid.uuid4()), user=ada, browser=secrets.token_hex(32), auth_time=now - timedelta(days=2), acr="1", amr=["pwd"],
            user_agent=agent, ip_address="2001:db8:85a3:8d3:1319:8a2e:370:7348", created=now - timedelta(days=2), last_seen=now,
            expires=now + timedelta(days=1),
        )  # fmt: skip
        TrustedBrowser.objects.create(
            user=ada, digest=secrets.token_hex(32), sid=str(uuid.uuid4()), user_agent=agent, ip_address="2001:db8::7", created=now,
            last_used=now, expires=now + timedelta(days=30),
        )  # fmt: skip
    return {
        "confirmation": EmailConfirmationHMAC(long).key,
        "person": user_pk_to_url_str(bo),
        "reset": default_token_generator.make_token(bo),
        "callback": callback,
        **applications(ada, callback, now),
        **for_operators(people["olga"], people["otto"], ada),
    }


def for_operators(olga: User, otto: User, ada: User) -> dict[str, str]:
    """Something in each table, and the keys of rows that have a page."""
    User.objects.filter(pk=olga.pk).update(is_staff=True, is_superuser=True)
    tables = operators.furnish(otto)
    # The sign-in page shows the providers that are there, not one more.
    Upstream.objects.filter(slug=operators.FURNISHED).delete()
    rows = {
        "a_person": ada, "a_client": tables.client, "a_sign_in": tables.session, "a_family": tables.family, "a_key": tables.key, "an_event": tables.event,
        "a_consent": tables.consent, "a_provider": Upstream.objects.get(slug="there"),
    }  # fmt: skip
    return {name: str(row.pk) for name, row in rows.items()}


def terms() -> str:
    """What a house with terms of service asks at the door of whoever has not accepted them yet."""
    with override_settings(TERMS_URL="https://people.example/terms", TERMS_VERSION="1"):
        browser = Client()
        browser.post(reverse("account_login"), {"login": "nia", "password": PASSWORD})
        return browser.get(reverse("account_terms")).content.decode()


def applications(ada: User, callback: str, now: datetime) -> dict[str, str]:
    """Those of others, and what Ada registered."""
    members: dict[str, Any] = {
        "redirect_uris": [CALLBACK, callback],
        "grant_types": ["authorization_code", "refresh_token"],
    }
    trusted, own = members | {"client_uri": "https://app.example/"}, {}
    others = {
        "calendar": trusted | {
            "client_name": "Calendar", "policy_uri": "https://app.example/privacy", "tos_uri": "https://app.example/terms",
        },
        "bank": trusted | {"client_name": "Bank", "minimum_acr": "2"},
        "intranet": trusted | {"client_name": "Intranet", "skip_authorization": True},
    }  # fmt: skip
    facts = {name: metadata.register(one, now=now)[1]["client_id"] for name, one in others.items()}
    mine = {
        "web": {"client_name": LONG, "redirect_uris": [f"https://{'long.' * 12}example/{'path/' * 12}callback"]},
        "app": {"client_name": "Field notes", "redirect_uris": [CALLBACK]},
        "service": {"client_name": "Nightly report", "scope": "notes:read notes:write"},
    }
    for kind, one in mine.items():
        client, _ = metadata.register(registration(KINDS[kind], one), owner=ada, now=now, by_operator=False)
        own[f"own_{kind}"] = str(client.pk)
        facts[f"{kind}_id"] = client.client_id
    return facts | own


def give_factors(user: User) -> str:
    """Passkeys, an authenticator app, recovery codes; answers the app's secret."""
    for name, discoverable in (("Telephone", True), (f"Key ring, {LONG}", False)):
        credential = {"clientExtensionResults": {"credProps": {"rk": discoverable}}}
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": credential}
        )
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def somebody(username: str) -> None:
    """A person with a password and a confirmed address, and nothing else."""
    create_or_update(username, f"{username}@people.example", PASSWORD, {})


def equip(username: str) -> dict[str, str]:
    """Factors for somebody who is signed in already, so that the sign-in asked for none."""
    user = User.objects.get(username=username)
    secret = give_factors(user)
    passkey = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).earliest("pk")
    return {"secret": secret, "passkey": str(passkey.pk)}


def faults() -> dict[str, str]:
    """The pages that a browser cannot ask for: what the server's own handlers say when something is wrong."""
    resolver, request = get_resolver(), RequestFactory().get("/")
    answers = {status: resolver.resolve_error_handler(status)(request, None) for status in (400, 403)}
    answers[500] = resolver.resolve_error_handler(500)(request)
    answers[429] = too_often(request)
    try:
        raise OperationalError
    except OperationalError:
        answers[503] = resolver.resolve_error_handler(500)(request)
    busy = PasswordPressure(lambda _: HttpResponse()).process_exception(request, TooBusyError())
    assert busy
    return {str(status): answer.content.decode() for status, answer in answers.items()} | {
        "busy": busy.content.decode(),
        "terms": terms(),
    }

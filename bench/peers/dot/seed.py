"""Tables, a person, clients, tokens and codes; prints them as JSON."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
from datetime import timedelta

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # models need a configured Django
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken  # noqa: E402

REDIRECT = "https://app.example/callback"


def _application(grant_type: str, user: User) -> tuple[Application, str]:
    secret = secrets.token_urlsafe(48)
    made = Application.objects.create(
        name=grant_type,
        user=user,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant_type,
        client_secret=secret,
        redirect_uris=REDIRECT,
        algorithm=Application.RS256_ALGORITHM,
    )
    return made, secret


def main(codes: int) -> None:
    """Seed."""
    call_command("migrate", interactive=False, verbosity=0)
    until = timezone.now() + timedelta(days=1)
    with transaction.atomic():
        user = User.objects.create_user("olena")
        app, secret = _application(Application.GRANT_AUTHORIZATION_CODE, user)
        service, service_secret = _application(Application.GRANT_CLIENT_CREDENTIALS, user)
        access: list[str] = []
        refresh: list[str] = []
        grants: list[tuple[Grant, str]] = []
        for _ in range(200):
            token = AccessToken.objects.create(
                user=user, application=app, token=secrets.token_urlsafe(30), expires=until, scope="openid read"
            )
            access.append(token.token)
            if len(refresh) < 128:
                made = RefreshToken.objects.create(
                    user=user, application=app, token=secrets.token_urlsafe(30), access_token=token
                )
                refresh.append(made.token)
        for _ in range(codes):
            verifier = secrets.token_urlsafe(48)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            grant = Grant(
                user=user, application=app, code=secrets.token_urlsafe(30), expires=until, redirect_uri=REDIRECT,
                scope="openid read", code_challenge=challenge, code_challenge_method="S256", nonce="n",
            )  # fmt: skip
            grants.append((grant, verifier))
        Grant.objects.bulk_create([grant for grant, _ in grants])
    json.dump(
        {
            "app": [app.client_id, secret],
            "service": [service.client_id, service_secret],
            "access": access,
            "refresh": refresh,
            "codes": [[grant.code, verifier] for grant, verifier in grants],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))

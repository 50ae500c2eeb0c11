"""The one provider that django-allauth knows; each of our connections is an app of it. Rows and mails of allauth ask for it by issuer."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import Provider, ProviderAccount
from django.http import HttpRequest

from identity.federation.connection import Connection
from identity.federation.linking import may_vouch
from identity.federation.mapping import USERNAME, mapped, take_over
from identity.federation.profile import Stranger
from identity.models import User
from identity.models.linked import owner_of_email, uid_of

NAME = "upstream"


class LinkedAccount(ProviderAccount):
    """How a linked account is called on pages and in mails."""

    def to_str(self) -> str:
        """Its address or name there; else the name of the provider."""
        data = self.account.extra_data
        return str(data.get("email") or data.get("name") or data.get("upstream") or self.account.provider)


class UpstreamProvider(Provider):
    """allauth's view of a connection. The conversation is not here: see ``pages.callback``."""

    id = NAME
    name = "Upstream"
    account_class = LinkedAccount

    def __init__(self, request: HttpRequest | None, app: SocialApp) -> None:
        super().__init__(request, app)
        self.name = app.name

    def serialize(self) -> dict[str, Any]:
        """Into the session, by its own name: two connections may share a client_id."""
        return {"id": self.sub_id}


def app_of(made: Connection) -> SocialApp:
    """What allauth calls an app; never saved, and without the secret."""
    return SocialApp(provider=NAME, provider_id=made.slug, name=made.name, client_id=made.client_id)


def social_login(made: Connection, stranger: Stranger, request: HttpRequest | None) -> SocialLogin:
    """Somebody from elsewhere, as allauth's flows take them: an unsaved account of an unsaved person."""
    said = mapped(stranger.claims, made.claims)
    user = User(username=said.get(USERNAME, "")[:150], email=stranger.email)
    user.set_unusable_password()
    take_over(user, said)
    is_free = bool(stranger.email) and owner_of_email(stranger.email) is None
    email = EmailAddress(email=stranger.email, verified=is_free and may_vouch(made, stranger), primary=True)
    return SocialLogin(
        user=user,
        provider=UpstreamProvider(request, app_of(made)),
        account=SocialAccount(provider=stranger.issuer, uid=uid_of(stranger.subject), extra_data=kept(made, stranger)),
        email_addresses=[email] if stranger.email else [],
    )


def kept(made: Connection, stranger: Stranger) -> dict[str, str]:
    """What is kept beside issuer and subject: what the page of linked accounts shows, no more."""
    name = mapped(stranger.claims, made.claims).get("name", "")
    return {"upstream": made.slug, "email": stranger.email, "name": name[:255]}

"""Clients and their secrets (RFC 6749 §2, RFC 7591 §2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from identity.models import User


class ClientManager(models.Manager["Client"]):
    """Named queries about clients."""

    def load(self, client_id: str) -> Client | None:
        """One client with its registration, and its live and past secrets, in two statements; None when unknown."""
        return self.select_related("registration").prefetch_related("secrets").filter(client_id=client_id).first()

    def lock(self, client_id: str) -> Client | None:
        """One client for changing: nobody else changes it until the transaction ends. None when unknown."""
        return self.select_for_update().filter(client_id=client_id).first()

    def of_developer(self, user: User) -> list[Client]:
        """A developer's clients, by name."""
        return list(self.filter(user=user).order_by("name", "pk"))

    def owned(self, user: User, client: int) -> Client | None:
        """A client, if it belongs to this developer."""
        return self.filter(user=user, pk=client).first()

    def has_room(self, user: User, most: int) -> bool:
        """Whether a developer may have one more; the person's row is locked, so that two tabs cannot both be the last."""
        User.objects.select_for_update().filter(pk=user.pk).first()
        return self.filter(user=user).count() < most

    def get_by_natural_key(self, client_id: str) -> Client:
        """What django-oauth-toolkit's fixtures and commands use."""
        return self.get(client_id=client_id)


class Client(AbstractApplication):
    """A registered client.

    Columns hold what statements or operators ask for; ``metadata`` holds the rest of RFC 7591's names as registered.
    ``user`` (inherited) is the developer who owns it. The inherited clear-text secret is dropped: see ``ClientSecret``.
    """

    JWT = "jwt"
    OPAQUE = "opaque"

    client_secret = None
    hash_client_secret = None
    authorization_grant_type = None
    algorithm = None

    profile = models.CharField(_("security profile"), max_length=40, default="oauth21")
    application_type = models.CharField(max_length=10, default="web", choices=[("web", "web"), ("native", "native")])
    token_endpoint_auth_method = models.CharField(max_length=40, default="client_secret_basic")
    grant_types = models.JSONField(default=list)
    response_types = models.JSONField(default=list)
    scope = models.TextField(_("scopes it may ask for"), blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    access_token_format = models.CharField(max_length=10, default=JWT, choices=[(JWT, _("JWT")), (OPAQUE, _("opaque"))])
    access_token_signed_response_alg = models.CharField(max_length=10, default="ES256")
    access_token_typ = models.CharField(max_length=10, default="at+jwt", choices=[("at+jwt", "at+jwt"), ("JWT", "JWT")])
    always_issue_refresh_token = models.BooleanField(_("refresh tokens without offline_access"), default=False)
    id_token_claims = models.BooleanField(_("scope claims in the ID token too"), default=False)
    offline_access_survives_logout = models.BooleanField(_("offline access survives sign-out"), default=False)
    vouched_for = models.BooleanField(
        _("an operator answers for its name and picture"),
        default=False,
        db_default=False,
        help_text=_("Else people are warned that nobody has checked them."),
    )
    minimum_acr = models.CharField(_("weakest sign-in that will do"), max_length=40, blank=True)
    audience = models.JSONField(_("audience of its access tokens"), default=list, blank=True)
    introspects = models.JSONField(_("clients whose tokens it may introspect; * for all"), default=list, blank=True)

    is_active = models.BooleanField(_("active"), default=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    tokens_not_before = models.DateTimeField(_("tokens issued earlier are dead"), null=True, blank=True)

    objects: ClassVar[ClientManager] = ClientManager()

    class Meta:
        verbose_name = _("client")

    def is_usable(self, request: Any) -> bool:  # noqa: ARG002  # django-oauth-toolkit passes it
        """django-oauth-toolkit asks this before it lets a token through."""
        return self.is_active


class ClientSecretManager(models.Manager["ClientSecret"]):
    """Named queries about secrets."""

    def live(self, now: datetime) -> models.QuerySet[ClientSecret]:
        """Secrets that authenticate at ``now``, newest first."""
        return self.filter(Q(expires=None) | Q(expires__gt=now)).order_by("-created", "-pk")

    def of(self, client: Client, now: datetime) -> list[ClientSecret]:
        """A client's live secrets, newest first."""
        return list(self.live(now).filter(client=client))

    def forget_wrapped(self, client: Client) -> None:
        """Drop the readable copies of a client's secrets."""
        self.filter(client=client).exclude(wrapped=b"").update(wrapped=b"")

    def retire(self, client: Client, now: datetime, until: datetime) -> None:
        """Make room for a new secret: the newest works on until ``until``, older ones end."""
        for replaced in self.of(client, now)[1:]:
            replaced.delete()
        self.filter(client=client).filter(Q(expires=None) | Q(expires__gt=until)).update(expires=until)

    def keep(self, secret: ClientSecret) -> None:
        """Store a new secret."""
        self.bulk_create([secret])

    def keep_newest(self, client: Client, now: datetime) -> int:
        """End every live secret but the newest; answers how many ended."""
        former = self.of(client, now)[1:]
        return self.filter(pk__in=[secret.pk for secret in former]).delete()[0]

    def drop(self, client: Client) -> None:
        """End every secret of a client."""
        self.filter(client=client).delete()


class ClientSecret(models.Model):
    """One secret of a client: an HMAC with the server's pepper; two may live at once while one replaces the other.

    ``wrapped`` is empty unless the client is registered for a method or an algorithm that computes with the secret itself
    (``client_secret_jwt``, HS256): then it is the secret under the key-encryption key.
    """

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="secrets")
    digest = models.BinaryField(max_length=32)
    wrapped = models.BinaryField(blank=True, default=b"")
    last_four = models.CharField(max_length=4, blank=True)
    created = models.DateTimeField()
    expires = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ClientSecretManager] = ClientSecretManager()

    class Meta:
        ordering = ("-created",)
        verbose_name = _("client secret")

    def __str__(self) -> str:
        return f"…{self.last_four}"

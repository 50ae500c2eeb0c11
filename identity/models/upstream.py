"""Upstream providers as operators set them up, the sign-ins that came from one, and the logout tokens that one has sent."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from identity.models.once import Once
from identity.models.session import LoginSession


class UpstreamManager(models.Manager["Upstream"]):
    """Named queries about providers. There are few: what is asked of all of them is asked in one statement."""

    def called(self, slug: str) -> Upstream | None:
        """The provider with this name in addresses, active or not."""
        return self.filter(slug=slug).first()

    def active(self) -> list[Upstream]:
        """Every provider that may be used, in the order of the sign-in page."""
        return list(self.filter(is_active=True).order_by("position", "name"))


class Upstream(models.Model):
    """A provider elsewhere, and what it is trusted with. What a column leaves out, its preset says."""

    class SignUp(models.TextChoices):
        """What becomes of somebody whose account there is linked to nobody here."""

        ASK = "ask", _("Ask whether they have an account here; offer to make one")
        AUTOMATIC = "automatic", _("Make an account at once, where the address is vouched for; else ask")
        CLOSED = "closed", _("Only people who linked it may sign in")

    class Sync(models.TextChoices):
        """When what the provider says of a person is taken over."""

        ALWAYS = "always", _("At each sign-in")
        FIRST = "first", _("When the account is made")

    slug = models.CharField(
        _("name in addresses"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")],
        help_text=_("Lower-case letters, digits and hyphens. It stands in the redirect URI and never changes."),
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("On the button: Continue with …"))
    preset = models.CharField(_("kind"), max_length=20, default="oidc")
    # SocialAccount.provider, which holds it, has 200 characters.
    issuer = models.CharField(_("issuer"), max_length=200, blank=True)
    client_id = models.CharField(_("client_id there"), max_length=255)
    client_auth = models.CharField(_("client authentication"), max_length=30, blank=True)
    wrapped_secret = models.BinaryField(null=True, editable=False)
    # What a secret needs beside itself: the names of Apple's team and key, the kid of a private key.
    key_names = models.JSONField(_("names of the key"), default=dict, blank=True)
    scope = models.CharField(_("scope"), max_length=500, blank=True)
    endpoints = models.JSONField(_("endpoints"), default=dict, blank=True)
    parameters = models.JSONField(_("parameters of every request"), default=dict, blank=True)
    claims = models.JSONField(_("claims"), default=dict, blank=True)
    sync = models.CharField(_("take claims over"), max_length=10, choices=Sync.choices, default=Sync.FIRST)
    email_domains = models.JSONField(_("addresses that it may vouch for"), default=list, blank=True)
    home_domains = models.JSONField(_("addresses that lead to it"), default=list, blank=True)
    sign_up = models.CharField(_("newcomers"), max_length=10, choices=SignUp.choices, default=SignUp.ASK)
    acr_values = models.JSONField(_("levels"), default=dict, blank=True)
    trusts_amr = models.BooleanField(_("its methods (amr) are believed"), default=False)
    signs_out_there = models.BooleanField(_("signing out here signs out there"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_offered = models.BooleanField(_("on the sign-in page"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects: ClassVar[UpstreamManager] = UpstreamManager()

    class Meta:
        verbose_name = _("upstream provider")
        verbose_name_plural = _("upstream providers")

    def __str__(self) -> str:
        return self.name


class UpstreamSignInManager(models.Manager["UpstreamSignIn"]):
    """Named queries about sign-ins that came from elsewhere."""

    def remember(
        self, session: LoginSession, upstream: str, issuer: str, subject: str, sid: str, wrapped_id_token: bytes | None
    ) -> None:
        """Note where a sign-in came from; a renewed one replaces what its provider said before."""
        self.update_or_create(
            login=session,
            issuer=issuer,
            defaults={"upstream": upstream, "subject": subject, "sid": sid, "wrapped_id_token": wrapped_id_token},
        )

    def of_login(self, sid: str) -> list[UpstreamSignIn]:
        """Where one of our sign-ins came from, the latest first."""
        return list(self.filter(login=sid).order_by("-pk"))

    def meant(self, issuer: str, *, subject: str, sid: str) -> list[LoginSession]:
        """The sign-ins that have not ended and that a logout token means (Back-Channel Logout §2.7).

        One that names a session means that session; a sign-in whose ID token named none is meant by its subject.
        """
        named = Q(upstream_sign_ins__subject=subject) if subject else Q()
        if sid:
            same = Q(upstream_sign_ins__sid=sid)
            named &= (same | Q(upstream_sign_ins__sid="")) if subject else same
        return list(
            LoginSession.objects.filter(Q(upstream_sign_ins__issuer=issuer) & named, ended_at=None)
            .select_related("user")
            .distinct()
        )


class UpstreamSignIn(models.Model):
    """One of our sign-ins came from elsewhere: what ends it from there, and what it is ended there with."""

    login = models.ForeignKey(LoginSession, on_delete=models.CASCADE, related_name="upstream_sign_ins")
    upstream = models.CharField(max_length=40)
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    sid = models.CharField(max_length=255, blank=True)
    # For `id_token_hint` at sign-out; wrapped, since it says more of a person than this table does.
    wrapped_id_token = models.BinaryField(null=True, editable=False)

    objects: ClassVar[UpstreamSignInManager] = UpstreamSignInManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["login", "issuer"], name="one_sign_in_an_issuer"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["issuer", "subject"], name="upstream_subject_idx"),
            models.Index(fields=["issuer", "sid"], name="upstream_sid_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.upstream}: {self.login_id}"


class ReceivedLogout(Once):
    """The digest of issuer and ``jti`` of a logout token."""

"""Tokens and codes: by family, never by value, and never by digest."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from oauth_server.admin.base import ListedAdmin, ReadOnlyAdmin, operator_of
from oauth_server.admin.decorators import action, display
from oauth_server.audit.events_operator import FamilyRevoked
from oauth_server.models import AccessToken, RefreshToken, TokenFamily
from oauth_server.tokens.revoke import revoke_family

REASON = "revoked by operator"
_PERSON = ("=user__id", "=user__username", "=user__email")
_CLIENT = ("=application__client_id", "application__name")


class Ended(admin.SimpleListFilter):
    """Live or ended, by ``revoked_at``."""

    title = _("standing")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        del request, model_admin
        return [("no", _("not revoked")), ("yes", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        del request
        return queryset if self.value() is None else queryset.filter(revoked_at__isnull=self.value() == "no")


class FamilyAdmin(ReadOnlyAdmin):
    """Everything that one grant led to, and the way to end it."""

    list_display = ("id", "application", "user", "standing", "scope", "created", "expires")
    list_select_related = ("application", "user")
    list_filter = (Ended, "revoke_reason")
    search_fields = ("=id", *_PERSON, *_CLIENT)
    ordering = ("-created",)
    actions = ("revoke",)
    fields = (
        "id", "application", "user", "session", "consent", "scope", "resource", "authorization_details", "confirmation",
        "auth_time", "acr", "amr", "created", "expires", "revoked_at", "revoke_reason",
    )  # fmt: skip

    @display(description=_("standing"), label={"live": "success", "revoked": "danger", "expired": "info"})
    def standing(self, family: TokenFamily) -> str:
        """Live, revoked or expired."""
        if family.revoked_at is not None:
            return "revoked"
        return "expired" if family.expires <= timezone.now() else "live"

    @action(description=_("Revoke: end every token of the family"), permissions=["act"])
    def revoke(self, request: HttpRequest, rows: QuerySet[TokenFamily]) -> None:
        """End the chosen families."""
        now = timezone.now()
        self.act(
            request,
            rows.select_related("application"),
            lambda family: revoke_family(family.pk, now, REASON),
            lambda family: FamilyRevoked(
                operator=operator_of(request),
                family=str(family.pk),
                user=str(family.user_id),
                client_id=family.application.client_id,
            ),
        )


class CodeAdmin(ListedAdmin):
    """Authorization codes: whose, when, spent or not."""

    list_display = ("application", "user", "scope", "created", "expires", "used_at", "family")
    list_select_related: ClassVar[tuple[str, ...]] = ("application", "user")
    search_fields = ("=family", *_PERSON, *_CLIENT)
    ordering = ("-created",)


class AccessTokenAdmin(ListedAdmin):
    """Opaque access tokens; JWT access tokens have no row."""

    list_display = ("application", "person", "scope", "created", "expires", "revoked_at", "family_id")
    list_select_related: ClassVar[tuple[str, ...]] = ("application", "family__user")
    list_filter = (Ended,)
    search_fields = ("=family__id", *(field.replace("user", "family__user", 1) for field in _PERSON), *_CLIENT)
    ordering = ("-created",)

    @display(description=_("person"))
    def person(self, token: AccessToken) -> str | None:
        """Whose token it is; nobody's when the client asked for itself."""
        return str(token.family.user) if token.family else None


class RefreshTokenAdmin(ListedAdmin):
    """The generations of refresh tokens."""

    list_display = ("application", "person", "generation", "created", "expires", "used_at", "family_id")
    list_select_related: ClassVar[tuple[str, ...]] = ("application", "family__user")
    search_fields = ("=family__id", *(field.replace("user", "family__user", 1) for field in _PERSON), *_CLIENT)
    ordering = ("-created",)

    @display(description=_("person"))
    def person(self, token: RefreshToken) -> str:
        """Whose token it is."""
        return str(token.family.user)

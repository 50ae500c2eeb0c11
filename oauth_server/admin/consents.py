"""What people allowed, and taking it back for them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from oauth_server.admin.base import ReadOnlyAdmin, operator_of
from oauth_server.admin.decorators import action, display
from oauth_server.admin.tokens import Ended
from oauth_server.audit.events_operator import ConsentRevoked
from oauth_server.models import Consent
from oauth_server.tokens.revoke import withdraw_consent


class ConsentAdmin(ReadOnlyAdmin):
    """One row a decision."""

    list_display = ("user", "application", "scope", "standing", "created", "updated", "expires")
    list_select_related = ("application", "user")
    list_filter = (Ended,)
    search_fields = ("=user__id", "=user__username", "=user__email", "=application__client_id", "application__name")
    ordering = ("-updated",)
    actions = ("revoke",)
    fields = (
        "user",
        "application",
        "scope",
        "refused",
        "claims",
        "resource",
        "created",
        "updated",
        "expires",
        "revoked_at",
    )

    @display(description=_("standing"), label={"in force": "success", "revoked": "danger", "expired": "info"})
    def standing(self, consent: Consent) -> str:
        """In force, revoked or expired."""
        if consent.revoked_at is not None:
            return "revoked"
        return "expired" if consent.expires <= timezone.now() else "in force"

    @action(description=_("Revoke: take the access back and end its tokens"), permissions=["act"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Consent]) -> None:
        """Take back the chosen consents."""
        now = timezone.now()
        self.act(
            request,
            rows.select_related("application"),
            lambda consent: withdraw_consent(consent.pk, now, "consent revoked by operator"),
            lambda consent: ConsentRevoked(
                operator=operator_of(request), user=str(consent.user_id), client_id=consent.application.client_id
            ),
        )

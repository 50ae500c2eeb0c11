"""Signing keys: their four ages, and the emergency."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.admin import EmptyFieldListFilter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.enums import ActionVariant

from oauth_server.admin.base import ReadOnlyAdmin, operator_of
from oauth_server.admin.decorators import action, display
from oauth_server.audit.events_operator import KeysRotated
from oauth_server.audit.record import record
from oauth_server.keys.rotate import rotate_now, state_of
from oauth_server.models import SigningKey


class SigningKeyAdmin(ReadOnlyAdmin):
    """Public parts and times. The private part is not even read."""

    list_display = ("kid", "alg", "age", "announced_at", "signs_from", "signs_until", "verifies_until", "removed_at")
    list_filter = ("alg", ("removed_at", EmptyFieldListFilter))
    search_fields = ("kid",)
    ordering = ("-announced_at", "alg")
    actions = None
    actions_list = ("rotate",)
    fields = (
        "kid", "alg", "use", "age", "announced_at", "signs_from", "signs_until", "verifies_until", "removed_at", "public_part",
    )  # fmt: skip
    readonly_fields = ("age", "public_part")

    @display(
        description=gettext_lazy("age"),
        label={
            "announced": "info",
            "signing": "success",
            "verifying": "warning",
            "encrypting": "success",
            "decrypting": "warning",
            "removed": "danger",
        },
    )
    def age(self, key: SigningKey) -> str:
        """Announced, signing, verifying; encrypting, decrypting; or removed."""
        return "removed" if key.removed_at is not None else state_of(key).age(timezone.now())

    @display(description=gettext_lazy("public part (JWK)"))
    def public_part(self, key: SigningKey) -> str:
        """What the JWKS publishes."""
        return format_html("<pre>{}</pre>", json.dumps(key.public, indent=2))

    @action(
        description=gettext_lazy("Rotate now"),
        url_path="rotate-now",
        permissions=["act"],
        icon="autorenew",
        variant=ActionVariant.DANGER,
    )
    def rotate(self, request: HttpRequest) -> HttpResponse:
        """Ask, then replace every key at once."""
        if not self.has_act_permission(request):
            raise PermissionDenied

        def do() -> None:
            with transaction.atomic():
                rotate_now(timezone.now())
                record(KeysRotated(operator=operator_of(request)))
            self.message_user(request, _("New keys sign from now on."), messages.SUCCESS)

        return self.confirm(
            request,
            title=_("Rotate every signing key now?"),
            sentence=_(
                "New keys sign at once and the private parts of the old ones are emptied. Old keys go on verifying until the"
                " last token that they signed is over. A resource server that caches the JWKS may refuse new tokens until it"
                " fetches the JWKS again. Routine rotation needs none of this: it happens by itself."
            ),
            button=_("Rotate now"),
            do=do,
            back=reverse("admin:oauth_server_signingkey_changelist"),
        )

"""Inviting people, and taking an invitation back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.account.invite import address_to_invite, invite
from identity.models import Invitation
from oauth_server.admin.base import OperatorAdmin
from oauth_server.admin.decorators import display


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes none when it runs
    """An address; the link goes there and is shown to nobody here."""

    class Meta:
        model = Invitation
        fields = ("email",)

    def clean_email(self) -> str:
        """The address as it is kept."""
        return address_to_invite(str(self.cleaned_data["email"]))


class InvitationAdmin(OperatorAdmin):
    """One row a mail; whoever deletes one that was not used makes its link void."""

    form = InvitationForm
    list_display = ("email", "standing", "created", "expires", "person")
    list_select_related = ("person",)
    search_fields = ("email",)
    ordering = ("-created",)

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Never: the mail is on its way."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Mail it."""
        del request, form, change
        made = invite(obj.email, timezone.now())
        for field in Invitation._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state.adding = False

    @display(description=_("standing"), label={"sent": "info", "used": "success", "expired": "warning"})
    def standing(self, invitation: Invitation) -> str:
        """Sent, used or expired."""
        if invitation.used_at is not None:
            return "used"
        return "expired" if invitation.expires <= timezone.now() else "sent"

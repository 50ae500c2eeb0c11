"""People and their sign-ins: who may be here, where they are signed in, and the way back for who lost it."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.forms import ResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.auth.admin import GroupAdmin
from django.db import transaction
from django.db.models import Field, Model, QuerySet, URLField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.account.standing import set_active
from identity.models import LoginSession, User
from identity.sessions.end import end
from oauth_server.admin.base import OperatorAdmin, ReadOnlyAdmin, ReadOnlyInline, operator_of
from oauth_server.admin.decorators import action, display
from oauth_server.audit.events_operator import (
    FactorsRemoved,
    PasswordResetSent,
    PersonDisabled,
    PersonEnabled,
    SignInEnded,
)
from oauth_server.audit.record import record

END_REASON = "ended_by_operator"


class SignInInline(ReadOnlyInline):
    """Where a person is or was signed in."""

    model = LoginSession
    fields = ("auth_time", "last_seen", "expires", "acr", "ip_address", "user_agent", "ended_at", "end_reason")
    readonly_fields = fields
    ordering = ("-auth_time",)
    per_page = 20


class AddressInline(ReadOnlyInline):
    """The e-mail addresses that a person gave; they change them on their own pages."""

    model = EmailAddress
    fields = ("email", "verified", "primary")
    readonly_fields = fields


class FactorInline(ReadOnlyInline):
    """The second factors of a person: their kind, never their seed."""

    model = Authenticator
    fields = ("type", "created_at", "last_used_at")
    readonly_fields = fields


class LinkedAccountInline(ReadOnlyInline):
    """What a person has linked: accounts elsewhere that open theirs."""

    model = SocialAccount
    verbose_name_plural = _("linked accounts")
    fields = ("provider", "uid", "date_joined", "last_login")
    readonly_fields = fields


class PersonAdmin(OperatorAdmin):
    """People. A password is never set here: the person chooses it by a mail that an operator may send (ASVS 6.4.6)."""

    list_display = ("username", "email", "name", "standing", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("username", "email", "name", "=id")
    ordering = ("-date_joined",)
    actions = ("disable", "enable", "send_password_reset", "remove_factors")
    inlines = (SignInInline, AddressInline, FactorInline, LinkedAccountInline)
    autocomplete_fields = ("groups",)
    fieldsets = (
        (None, {"fields": ("id", "username", "email", "is_active", "date_joined", "last_login", "updated_at")}),
        (
            _("What applications may learn"),
            {
                "fields": (
                    ("name", "nickname"), ("given_name", "middle_name", "family_name"), ("profile", "picture", "website"),
                    ("gender", "birthdate"), ("zoneinfo", "locale"), ("phone_number", "phone_number_verified"), "address",
                )
            },
        ),
        (_("Operator"), {"fields": ("is_staff", "is_superuser", "groups")}),
    )  # fmt: skip
    # Standing changes by an act, an address by its owner's proof.
    readonly_fields = ("id", "email", "is_active", "date_joined", "last_login", "updated_at")
    _PRIVILEGES: ClassVar[tuple[str, ...]] = ("is_staff", "is_superuser", "groups")

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """An address that is written without a scheme means https."""
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("standing"), label={"active": "success", "disabled": "danger"}, ordering="is_active")
    def standing(self, person: User) -> str:
        """Active or disabled."""
        return "active" if person.is_active else "disabled"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: people sign up, or ``manage.py create_user`` makes them with a password."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """No: a subject is never given to anybody else, so the row stays; disabling ends everything (Core §5.7)."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody but a superuser changes a superuser."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An operator who may edit people must not make operators."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, *self._PRIVILEGES)

    def _changeable(self, request: HttpRequest, rows: QuerySet[User]) -> QuerySet[User]:
        """Without superusers, unless one asks."""
        return rows if request.user.is_superuser else rows.filter(is_superuser=False)

    @action(description=_("Disable: end every session and token"), permissions=["change"])
    def disable(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Shut people out; not the operator's own account, which would shut out whoever could undo it."""
        if rows.filter(pk=operator_of(request)).exists():
            self.message_user(request, _("Your own account stays as it is."), messages.WARNING)
        self.act(
            request,
            self._changeable(request, rows).exclude(pk=operator_of(request)),
            lambda person: set_active(person, active=False),
            lambda person: PersonDisabled(operator=operator_of(request), user=str(person.pk)),
        )

    @action(description=_("Enable: let them sign in again"), permissions=["change"])
    def enable(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Let people sign in again."""
        self.act(
            request,
            self._changeable(request, rows),
            lambda person: set_active(person, active=True),
            lambda person: PersonEnabled(operator=operator_of(request), user=str(person.pk)),
        )

    @action(description=_("Mail them a link to choose a new password"), permissions=["change"])
    def send_password_reset(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Start the reset that a person would start on the sign-in page."""

        def send(person: User) -> bool:
            form = ResetPasswordForm({"email": person.email})
            if not person.is_active or not form.is_valid():
                return False
            form.save(request)
            return True

        self.act(
            request,
            self._changeable(request, rows),
            send,
            lambda person: PasswordResetSent(operator=operator_of(request), user=str(person.pk)),
        )

    @action(description=_("Remove their second factors"), permissions=["change"])
    def remove_factors(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """For somebody who lost them all and proved in another way who they are."""
        for person in self._changeable(request, rows):
            with transaction.atomic():
                count = Authenticator.objects.filter(user=person).delete()[0]
                if count:
                    record(FactorsRemoved(operator=operator_of(request), user=str(person.pk), count=count))
            self.message_user(request, _("%(who)s: %(count)d removed.") % {"who": person, "count": count})


class SignInAdmin(ReadOnlyAdmin):
    """Every sign-in, and the way to end it (ASVS 7.4.5)."""

    list_display = ("user", "standing", "auth_time", "last_seen", "acr", "ip_address", "end_reason")
    list_select_related = ("user",)
    list_filter = (("ended_at", EmptyFieldListFilter), "acr", "end_reason")
    search_fields = ("=sid", "=user__id", "=user__username", "=user__email", "ip_address")
    ordering = ("-auth_time",)
    actions = ("end_sign_ins",)
    fields = (
        "sid", "user", "auth_time", "acr", "amr", "ip_address", "user_agent", "created", "last_seen", "expires", "ended_at",
        "end_reason",
    )  # fmt: skip

    @display(description=_("standing"), label={"live": "success", "ended": "danger", "expired": "info"})
    def standing(self, session: LoginSession) -> str:
        """Live, ended or expired."""
        if session.ended_at is not None:
            return "ended"
        return "expired" if session.expires <= timezone.now() else "live"

    @action(description=_("End: sign the person out there, end its tokens"), permissions=["act"])
    def end_sign_ins(self, request: HttpRequest, rows: QuerySet[LoginSession]) -> None:
        """End the chosen sign-ins."""
        now = timezone.now()
        self.act(
            request,
            rows.select_related("user"),
            lambda session: end(session, now, END_REASON),
            lambda session: SignInEnded(operator=operator_of(request), user=str(session.user_id), session=session.sid),
        )


class RoleAdmin(OperatorAdmin, GroupAdmin):
    """Django's groups: which operators may do what."""

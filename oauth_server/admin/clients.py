"""Clients in the operators' pages: policy, standing, secrets that are shown once."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from unfold.enums import ActionVariant

from oauth_server.admin.base import OperatorAdmin, ReadOnlyInline, operator_of
from oauth_server.admin.client_form import BESIDE, ClientForm
from oauth_server.admin.decorators import action, display
from oauth_server.audit.events_operator import ClientDisabled, ClientEnabled, RecordDeleted, SecretRotated
from oauth_server.audit.record import record
from oauth_server.clients import metadata, registry, secrets, shown_once
from oauth_server.models import Client, ClientSecret, StateVersion
from oauth_server.tokens import standing


class SecretInline(ReadOnlyInline):
    """How many secrets a client has and until when; nothing of the secrets. Rotation adds one."""

    model = ClientSecret
    fields = ("created", "expires")
    readonly_fields = fields
    tab = False
    hide_title = True


class ClientAdmin(OperatorAdmin):
    """Registered by django-oauth-toolkit's admin module, through OAUTH2_PROVIDER."""

    form = ClientForm
    list_display = ("label", "client_id", "standing", "profile", "token_endpoint_auth_method", "user")
    list_filter = (
        "is_active",
        "vouched_for",
        "profile",
        "token_endpoint_auth_method",
        "access_token_format",
        "skip_authorization",
    )
    list_select_related = ("user",)
    search_fields = ("=client_id", "name", "=user__username", "=user__email")
    ordering = ("-created",)
    autocomplete_fields = ("user",)
    actions = ("disable", "enable")
    actions_detail = ("rotate_secret", "delete_client")
    inlines = (SecretInline,)
    readonly_fields = ("client_id", "standing", "created", "disabled_at")
    fieldsets = (
        (None, {"fields": ("name", "client_id", "user", "vouched_for", "standing", "created", "disabled_at")}),
        (
            gettext_lazy("What it is"),
            {"fields": ("profile", "application_type", "token_endpoint_auth_method", "grant_types", "skip_authorization", "minimum_acr")},
        ),
        (gettext_lazy("Where people come back to"), {"fields": ("redirect_uris", "post_logout_redirect_uris")}),
        (
            gettext_lazy("Its tokens"),
            {
                "fields": (
                    "scope", "audience", "introspects", ("access_token_format", "access_token_typ"),
                    ("access_token_signed_response_alg", "id_token_signed_response_alg"), "always_issue_refresh_token",
                    "offline_access_survives_logout", "id_token_claims", "tokens_not_before",
                )
            },
        ),
        (gettext_lazy("More"), {"fields": ("metadata",)}),
    )  # fmt: skip

    @display(description=gettext_lazy("name"), ordering="name")
    def label(self, client: Client) -> str:
        """The name, or the identifier of one without."""
        return client.name or client.client_id

    @display(
        description=gettext_lazy("standing"), label={"active": "success", "disabled": "danger"}, ordering="is_active"
    )
    def standing(self, client: Client) -> str:
        """Active or disabled."""
        return "active" if client.is_active else "disabled"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not by Django's page, which would list every token; see ``delete_client``."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: Client, form: ClientForm, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Register or update by the rules of registration; a secret that this makes waits for the next page."""
        now = timezone.now()
        if change:
            row, answer = metadata.update(obj.client_id, form.members(), now=now)
        else:
            row, answer = metadata.register(form.members(), now=now)
        beside = {name: form.cleaned_data[name] for name in BESIDE if name in form.cleaned_data}
        for name, value in beside.items():
            setattr(row, name, value)
        row.save(update_fields=[*beside, "updated"])
        StateVersion.objects.bump("clients")
        registry.forget()
        obj.pk = row.pk
        obj.refresh_from_db()
        if secret := answer.get("client_secret"):
            shown_once.keep(request.session, obj.client_id, secret, now)

    def response_add(self, request: HttpRequest, obj: Client, post_url_continue: str | None = None) -> HttpResponse:
        """On to the secret, when there is one."""
        return self._to_secret(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Client) -> HttpResponse:
        """On to the secret, when the change made one."""
        return self._to_secret(request, obj) or super().response_change(request, obj)

    def _to_secret(self, request: HttpRequest, obj: Client) -> HttpResponse | None:
        if not shown_once.waits(request.session, obj.client_id):
            return None
        return HttpResponseRedirect(reverse("admin:oauth_server_client_secret", args=[obj.pk]))

    def get_urls(self) -> list[URLPattern]:
        """With the page that shows a new secret."""
        show = self.admin_site.admin_view(never_cache(self.secret_view))
        return [path("<int:pk>/secret/", show, name="oauth_server_client_secret"), *super().get_urls()]

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a new secret, once."""
        client = self._changeable(request, str(pk))
        context = self.admin_site.each_context(request) | {
            "title": _("The secret of %(client)s") % {"client": self.label(client)},
            "client": client,
            "secret": shown_once.take(request.session, client.client_id, timezone.now()),
            "back": reverse("admin:oauth_server_client_change", args=[pk]),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/secret.html", context)

    def _changeable(self, request: HttpRequest, object_id: str) -> Client:
        client: Client | None = self.get_object(request, object_id)
        if client is None:
            raise Http404
        if not self.has_change_permission(request, client):
            raise PermissionDenied
        return client

    @action(description=gettext_lazy("Disable: end its tokens, turn it away"), permissions=["change"])
    def disable(self, request: HttpRequest, rows: QuerySet[Client]) -> None:
        """Shut clients out."""
        now = timezone.now()
        self.act(
            request,
            rows,
            lambda client: (
                standing.disable_client(client.client_id, now) or standing.disabled_by_owner(client.client_id)
            ),
            lambda client: ClientDisabled(operator=operator_of(request), client_id=client.client_id),
        )

    @action(description=gettext_lazy("Enable: let it come back"), permissions=["change"])
    def enable(self, request: HttpRequest, rows: QuerySet[Client]) -> None:
        """Let clients come back; what they were given before stays dead."""
        self.act(
            request,
            rows,
            lambda client: standing.enable_client(client.client_id),
            lambda client: ClientEnabled(operator=operator_of(request), client_id=client.client_id),
        )

    @action(description=gettext_lazy("Rotate secret"), url_path="rotate-secret", permissions=["change"], icon="key")
    def rotate_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a second secret beside the present one."""
        client = self._changeable(request, object_id)
        back = reverse("admin:oauth_server_client_change", args=[client.pk])
        if not secrets.use_of(client.token_endpoint_auth_method, client.metadata).needed:
            self.message_user(
                request, _("This client has no secret: it authenticates in another way."), messages.WARNING
            )
            return HttpResponseRedirect(back)

        def do() -> None:
            now = timezone.now()
            with transaction.atomic():
                shown_once.keep(request.session, client.client_id, secrets.rotate(client.client_id, now), now)
                record(SecretRotated(operator=operator_of(request), client_id=client.client_id))

        return self.confirm(
            request,
            title=_("A new secret for %(client)s?") % {"client": self.label(client)},
            sentence=_(
                "The present secret works on for the overlap, so that the application can change without an outage."
            ),
            button=_("Rotate secret"),
            do=do,
            back=reverse("admin:oauth_server_client_secret", args=[client.pk]) if request.method == "POST" else back,
        )

    @action(
        description=gettext_lazy("Delete"), url_path="delete-client", permissions=["change"], icon="delete",
        variant=ActionVariant.DANGER,
    )  # fmt: skip
    def delete_client(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then delete a client with all that it was given."""
        client = self._changeable(request, object_id)
        if not request.user.has_perm("oauth_server.delete_client"):
            raise PermissionDenied

        def do() -> HttpResponse:
            with transaction.atomic():
                standing.delete_client(client.client_id)
                record(
                    RecordDeleted(
                        operator=operator_of(request),
                        model=client._meta.label,
                        record=str(client.pk),
                        client_id=client.client_id,
                    )
                )
            self.message_user(request, _("The client is gone."), messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:oauth_server_client_changelist"))

        return self.confirm(
            request,
            title=_("Delete %(client)s?") % {"client": self.label(client)},
            sentence=_("Its secrets, the consents that people gave it, and every token end. Nobody can undo this."),
            button=_("Delete"),
            do=do,
            back=reverse("admin:oauth_server_client_change", args=[client.pk]),
        )

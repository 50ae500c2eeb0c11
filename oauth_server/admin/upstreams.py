"""Upstream providers in the operators' pages: judged by the same rules as the command, and never a secret on a page."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from identity.federation import client_auth, configure, presets
from identity.models import Upstream
from oauth_server.admin.base import OperatorAdmin
from oauth_server.admin.client_form import Lines
from oauth_server.admin.decorators import display

# A member is called otherwise than its column, and its complaint begins with the member's name.
_COLUMN_OF: Final = {member: column for member, (column, _reader) in configure.MEMBERS.items()}


def _object(label: Any, help_text: Any) -> forms.JSONField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"})
    return forms.JSONField(required=False, label=label, help_text=help_text, widget=widget, empty_value={})


class UpstreamForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no argument at run time
    """What an operator may say about a provider."""

    preset = forms.ChoiceField(
        choices=[(row.name, row.title) for row in presets.PRESETS.values()],
        label=_("Kind"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("OpenID Connect for any provider with a discovery document."),
    )
    client_auth = forms.ChoiceField(
        choices=[("", _("What it offers")), *((name, name) for name in client_auth.METHODS)],
        label=_("Client authentication"),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted and never shown. Empty keeps the one that is stored."),
    )
    email_domains = Lines(
        label=_("Addresses that it may vouch for"),
        help_text=_(
            "Domains, one a line; * for every address. Whoever runs this provider can then reach the account of anybody with such an"
            " address. Empty: it vouches for none."
        ),
    )
    home_domains = Lines(label=_("Addresses that lead to it"), help_text=_("Domains, one a line."))
    key_names = _object(_("Names of the key"), _("For Apple: team_id and key_id."))
    endpoints = _object(_("Endpoints"), _("Only where the provider has no discovery document."))
    parameters = _object(_("Parameters of every request"), _("Such as hd or domain_hint."))
    claims = _object(_("Claims"), _("Our claim: theirs. Empty means the usual names."))
    acr_values = _object(_("Levels"), _("What its acr is worth here, such as urn:example:gold: 2."))

    class Meta:
        model = Upstream
        fields: ClassVar[list[str]] = [
            "slug", "name", "preset", "issuer", "client_id", "client_auth", "client_secret", "key_names", "scope", "endpoints",
            "parameters", "claims", "sync", "email_domains", "home_domains", "sign_up", "acr_values", "trusts_amr", "signs_out_there",
            "is_active", "is_offered", "position",
        ]  # fmt: skip

    def members(self) -> dict[str, Any]:
        """What the form says, with the command's words."""
        said = self.cleaned_data
        members = {member: said[column] for member, column in _COLUMN_OF.items() if column in said}
        if said.get("client_secret"):
            members[configure.SECRET] = said["client_secret"]
        return {configure.SLUG: self.instance.slug or said.get("slug", ""), **members}

    def clean(self) -> dict[str, Any]:
        """Judge the whole; a refusal stands beside the field that it names."""
        cleaned = super().clean() or {}
        if not self.errors:
            stored = Upstream.objects.called(self.instance.slug) if self.instance.pk else None
            try:
                configure.draft(self.members(), stored)
            except configure.UpstreamError as error:
                member = str(error).split(" ", 1)[0].rstrip(":")
                field = _COLUMN_OF.get(member, member)
                self.add_error(field if field in self.fields else None, str(error))
        return cleaned

    def _post_clean(self) -> None:
        """Nothing: ``configure`` fills the row."""


class UpstreamAdmin(OperatorAdmin):
    """Who people may sign in with, and what each of them is trusted with."""

    form = UpstreamForm
    list_display = ("name", "slug", "preset", "issuer", "standing", "position")
    list_filter = ("is_active", "preset", "sign_up")
    search_fields = ("slug", "name", "issuer")
    ordering = ("position", "name")
    readonly_fields = ("tell_them", "created", "updated")
    fieldsets = (
        (None, {"fields": ("name", "slug", "preset", "issuer", "is_active", "is_offered", "position", "tell_them")}),
        (_("Who we are there"), {"fields": ("client_id", "client_secret", "client_auth", "key_names")}),
        (_("What it is trusted with"), {"fields": ("email_domains", "sign_up", "trusts_amr", "acr_values")}),
        (_("Who is led there"), {"fields": ("home_domains", "signs_out_there")}),
        (_("What is asked and kept"), {"fields": ("scope", "claims", "sync", "parameters", "endpoints")}),
        (_("Times"), {"fields": (("created", "updated"),)}),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The slug stands in the redirect URI, and secrets are sealed to it."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "slug") if obj is not None else fields

    @display(description=_("standing"), label={"active": "success", "disabled": "danger"}, ordering="is_active")
    def standing(self, row: Upstream) -> str:
        """Active or disabled."""
        return "active" if row.is_active else "disabled"

    @display(description=_("tell the provider"))
    def tell_them(self, row: Upstream) -> str:
        """The addresses that have to be registered there."""
        if not row.pk:
            return str(_("Save first: the addresses to register there appear here."))
        facts = configure.describe(row)
        names = ("redirect_uri", "post_logout_redirect_uri", "backchannel_logout_uri")
        return format_html(
            "<dl>{}</dl>",
            format_html_join("", "<dt>{}</dt><dd><code>{}</code></dd>", ((name, facts[name]) for name in names)),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """No: disabling shuts it; a slug that came back with another provider behind it would be another's redirect URI."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: Upstream, form: UpstreamForm, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """By the rules of the command."""
        del request
        row, _is_new = configure.set_up(form.members(), may_replace=change)
        obj.pk = row.pk
        obj.refresh_from_db()

"""The form of an application: few fields, judged by the rules of registration, each refusal beside its field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from oauth_server.authorize.consent import SCOPE_TEXTS, scope_text
from oauth_server.clients.fields import FIELDS
from oauth_server.models import Client
from oauth_server.portal.kinds import Kind
from oauth_server.protocol import uris
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI, OAuthError

# Metadata member → field, where the two have different names.
_FIELD_OF: Final = {"client_name": "name", "scope": "more_scopes"}
_MEMBER_OF: Final = {field: member for member, field in _FIELD_OF.items()}
_ADDRESSES: Final = ("redirect_uris", "post_logout_redirect_uris")
_OPTIONAL: Final = ("client_uri", "policy_uri", "tos_uri", "logo_uri", "brand_color")
_INITIAL: Final = ("openid", "profile", "email")


def _lines(rows: int, example: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "autocapitalize": "off", "placeholder": example})


def _page(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=2_048,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )


def _choices(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, widget=forms.CheckboxSelectMultiple)


class ApplicationForm(forms.Form):
    """What a developer says about an application of one kind."""

    name = forms.CharField(
        label=_("Name"),
        max_length=255,
        help_text=_("People read it when they are asked to allow your application something."),
    )
    redirect_uris = forms.CharField(
        label=_("Redirect URIs"),
        widget=_lines(3, "https://app.example/callback"),
        help_text=_("One a line. Where people come back to after signing in, compared character by character."),
    )
    post_logout_redirect_uris = forms.CharField(
        label=_("Redirect URIs after sign-out"),
        required=False,
        widget=_lines(2, "https://app.example/"),
        help_text=_("One a line, if your application signs people out here."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may ask people for"),
        required=False,
        choices=[(name, name) for name in SCOPE_TEXTS],
        widget=forms.CheckboxSelectMultiple,
    )
    more_scopes = _choices(_("Scopes of APIs"))
    optional_scopes = _choices(_("What people may leave out"))
    audience = _choices(_("APIs that its tokens are for"))
    client_uri = _page(_("Home page"))
    policy_uri = _page(_("Privacy policy"))
    tos_uri = _page(_("Terms of service"))
    logo_uri = _page(_("Logo"))
    brand_color = forms.CharField(
        label=_("Colour"),
        required=False,
        max_length=7,
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "#1d5c4d"}),
        help_text=_("Worn by the pages where people sign in to your application, as far as it can be read."),
    )

    def __init__(self, kind: Kind, data: Any = None, *, client: Client | None = None) -> None:
        self.kind = kind
        super().__init__(data, initial=_initial(client) if client else {"scopes": list(_INITIAL)})
        self._offer("more_scopes", settings.REGISTRATION_SCOPES)
        self._offer("audience", settings.REGISTRATION_AUDIENCES)
        self._offer(
            "optional_scopes", [name for name in (*SCOPE_TEXTS, *settings.REGISTRATION_SCOPES) if name != "openid"]
        )
        self.fields["optional_scopes"].help_text = _(
            "Beside these stands a box when people are asked. Your application has to work without them."
        )
        if not kind.signs_people_in:
            self.fields["name"].help_text = _("You and the operators of this server tell it by its name.")
            for name in ("redirect_uris", "post_logout_redirect_uris", "scopes", "optional_scopes", *_OPTIONAL):
                del self.fields[name]

    def _offer(self, name: str, offered: Iterable[str]) -> None:
        """What operators offer to every client, and what this one has already."""
        choices = dict.fromkeys([*offered, *(self.initial.get(name) or ())])
        self.fields[name].choices = [(choice, choice) for choice in choices]  # type: ignore[attr-defined]  # it has choices
        if not choices:
            del self.fields[name]

    def scope_rows(self) -> list[dict[str, Any]]:
        """The check boxes with the words that people will read."""
        chosen = set(self["scopes"].value() or ())
        return [
            {"name": name, "title": text.title, "sentence": text.sentence, "checked": name in chosen}
            for name, text in ((name, scope_text(name)) for name in SCOPE_TEXTS)
        ]

    def members(self) -> dict[str, Any]:
        """The metadata that the form says; None takes a member away (RFC 7591 §2)."""
        said = self.cleaned_data
        scope = [*said.get("scopes", ()), *said.get("more_scopes", ())]
        members: dict[str, Any] = {"client_name": said["name"], "scope": " ".join(dict.fromkeys(scope))}
        if "audience" in said:
            members["audience"] = said["audience"]
        if self.kind.signs_people_in:
            members |= {name: said[name] for name in _ADDRESSES}
            members |= {name: said[name] or None for name in _OPTIONAL}
            members["optional_scopes"] = " ".join(said["optional_scopes"]) or None
        return members

    def clean(self) -> dict[str, Any]:
        """Judge each field by the rules of registration, so that all that is wrong is told at once."""
        for name, field in self.fields.items():
            if name in self.errors:
                continue
            member, said = _MEMBER_OF.get(name, name), self.cleaned_data[name]
            if name in _ADDRESSES:
                self.cleaned_data[name] = self._judge_lines(name, said)
            elif said and isinstance(field, forms.CharField):
                try:
                    self.cleaned_data[name] = FIELDS[member].read(said, member)
                except OAuthError as error:
                    self.refuse(error)
        return self.cleaned_data

    def _judge_lines(self, name: str, said: str) -> list[str]:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        for line in lines:
            try:
                uris.check_registrable(line, application_type=_application_type(lines))
            except InvalidRedirectURI as error:
                self.add_error(name, error.description)
        return lines

    def refuse(self, error: OAuthError) -> None:
        """Put a refusal of the registration beside the field that it names."""
        field: str | None = None
        if isinstance(error, InvalidRedirectURI):
            field = "redirect_uris"
        elif isinstance(error, InvalidClientMetadata):
            member = error.description.split(" ", 1)[0].rstrip(":")
            field = _FIELD_OF.get(member, member)
            if field in self.fields:
                # The field's label stands above; the member's name says nothing to who fills it in.
                words = error.description.removeprefix(member).lstrip(": ")
                self.add_error(field, words[:1].upper() + words[1:])
                return
        self.add_error(field if field in self.fields else None, error.description)


def registration(kind: Kind, members: dict[str, Any]) -> dict[str, Any]:
    """The whole metadata of a new application."""
    return {
        "token_endpoint_auth_method": kind.method,
        "grant_types": list(kind.grant_types),
        "application_type": _application_type(members.get("redirect_uris", ())),
        **members,
    }


def _application_type(redirect_uris: Iterable[str]) -> str:
    """Private-use schemes have a dot in them (RFC 8252 §7.1) and belong to what is installed on a device."""
    return "native" if any("." in uri.partition(":")[0] for uri in redirect_uris if ":" in uri) else "web"


def _initial(client: Client) -> dict[str, Any]:
    scope = client.scope.split()
    return {
        "name": client.name,
        "redirect_uris": "\n".join(client.redirect_uris.split()),
        "post_logout_redirect_uris": "\n".join(client.post_logout_redirect_uris.split()),
        "scopes": [name for name in scope if name in SCOPE_TEXTS],
        "more_scopes": [name for name in scope if name not in SCOPE_TEXTS],
        "optional_scopes": client.metadata.get("optional_scopes", "").split(),
        "audience": [item for item in client.audience if item in settings.REGISTRATION_AUDIENCES],
        **{name: client.metadata.get(name, "") for name in _OPTIONAL},
    }

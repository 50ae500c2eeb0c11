"""The form of a client: shown as fields, judged as metadata by the same rules as every registration (RFC 7591 §2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from identity.sign_in.assurance import ACR_VALUES
from oauth_server.clients import metadata, offered
from oauth_server.clients.fields import FIELDS, GRANT_TYPES
from oauth_server.clients.methods import CLIENT_AUTH_METHODS
from oauth_server.clients.profiles import DEFAULT, PROFILES
from oauth_server.jose import algorithms
from oauth_server.models import Client
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI

# Metadata member → field, where the two have different names.
_FIELD_OF: Final = {"client_name": "name", "response_types": "grant_types"}
# Columns of the form that are no metadata: saved beside it.
BESIDE: Final = ("user", "access_token_typ")
_IN_COLUMNS: Final = frozenset({*(row.name for row in FIELDS.values() if row.column), "id_token_signed_response_alg"})


class Lines(forms.CharField):
    """A list of values, one a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> str:
        """A list, or the stored string of values with spaces between them, as lines."""
        if isinstance(value, str):
            value = value.splitlines() if "\n" in value else value.split(" ")
        return "\n".join(value or ())

    def clean(self, value: Any) -> list[str]:
        """The values, without empty lines."""
        return [line.strip() for line in (super().clean(value) or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """By value."""
        return self.clean(self.prepare_value(initial)) != self.clean(data)


def _choice(
    values: Iterable[str | tuple[str, Any]], label: Any, help_text: Any = "", *, required: bool = True
) -> forms.ChoiceField:
    choices = [value if isinstance(value, tuple) else (value, value) for value in values]
    return forms.ChoiceField(
        choices=choices, label=label, help_text=help_text, required=required, widget=UnfoldAdminSelectWidget
    )


class ClientForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no argument at run time
    """What an operator may say about a client. There is no secret in it."""

    profile = _choice([(row.name, f"{row.name}: {row.sentence}") for row in PROFILES.values()], _("Security profile"))
    token_endpoint_auth_method = _choice(CLIENT_AUTH_METHODS, _("Client authentication"))
    grant_types = forms.MultipleChoiceField(
        choices=[(name, name) for name in GRANT_TYPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label=_("Grant types"),
        initial=["authorization_code"],
    )
    redirect_uris = Lines(label=_("Redirect URIs"), help_text=_("One a line, compared character by character."))
    post_logout_redirect_uris = Lines(label=_("Redirect URIs after sign-out"), help_text=_("One a line."))
    access_token_signed_response_alg = _choice(
        algorithms.SIGNING, _("Access token algorithm"), _("Of JWT access tokens.")
    )
    id_token_signed_response_alg = _choice(sorted(algorithms.ID_TOKEN), _("ID token algorithm"))
    minimum_acr = _choice(
        [("", _("Any")), *ACR_VALUES.items()],
        _("Weakest sign-in that will do"),
        _("Whoever signed in more weakly is asked for what is missing."),
        required=False,
    )
    scope = forms.CharField(required=False, label=_("Scopes it may ask for"), widget=UnfoldAdminTextInputWidget)
    audience = Lines(label=_("Audience of its access tokens"), help_text=_("One a line; the issuer when empty."))
    introspects = Lines(
        label=_("May introspect the tokens of"),
        help_text=_("client_ids, one a line; * for all. Its own it always may."),
    )
    metadata = forms.JSONField(
        required=False,
        label=_("Other metadata"),
        help_text=_(
            "The other members of RFC 7591 as a JSON object: client_uri, policy_uri, contacts, jwks, jwks_uri …"
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
    )

    class Meta:
        model = Client
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = dict(self.instance.metadata)
        self.initial["id_token_signed_response_alg"] = stored.pop("id_token_signed_response_alg", "RS256")
        self.initial["metadata"] = stored
        if not self.instance.pk:
            self.initial["grant_types"] = ["authorization_code"]
            self.initial["scope"] = offered.DEFAULT_SCOPE
            self.initial["vouched_for"] = True

    def clean(self) -> dict[str, Any]:
        """Judge the whole as metadata; each refusal stands beside the field that it names."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                metadata.validate(self.members(), by_operator=True)
            except InvalidRedirectURI as error:
                self.add_error("redirect_uris", error.description)
            except InvalidClientMetadata as error:
                self.add_error(self._field_of(error.description), error.description)
        return cleaned

    def _field_of(self, description: str) -> str | None:
        member = description.split(" ", 1)[0].rstrip(":")
        field = _FIELD_OF.get(member, member)
        if field in self.fields:
            return field
        return "metadata" if member in FIELDS else None

    def members(self) -> dict[str, Any]:
        """The metadata that the form says."""
        said = self.cleaned_data
        others = said.get("metadata") or {}
        members: dict[str, Any] = {name: value for name, value in others.items() if name not in _IN_COLUMNS}
        for row in FIELDS.values():
            field = row.column or row.name
            if field in said and row.name in _IN_COLUMNS:
                members[row.name] = said[field]
        members["response_types"] = metadata.response_types_for(
            said.get("grant_types", ()), said.get("profile", DEFAULT), self.instance.response_types
        )
        if (moment := members.get("tokens_not_before")) is not None:
            members["tokens_not_before"] = moment.isoformat()
        return members

    def _post_clean(self) -> None:
        """Nothing: ``clients.metadata`` fills the row, and django-oauth-toolkit's own checks know other rules."""

"""What django-allauth's passkeys (Web Authentication Level 3) leave open, closed: hostile answers, tabs, origins, verification.

A challenge belongs to this browser session and works once; the last few are kept, so that a second tab does not make the
first one's void.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from fido2.cose import CoseKey
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticationResponse, AuthenticatorData, CollectedClientData, RegistrationResponse

from identity.models import factors

CHALLENGES: Final = "passkey_challenges"
AT_MOST: Final = 5
LONGEST_NAME: Final = 60
LONGEST_ANSWER: Final = 65_536  # an attestation with a chain of certificates has a few kilobytes
_ALGORITHM: Final = 3  # RFC 9052 §7.1: the label of alg in a COSE key


def are_possible() -> bool:
    """Can browsers make passkeys for this issuer? They belong to a name, never to an address (§5.1.3: effective domain)."""
    host = urlsplit(settings.ISSUER).hostname or ""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return False
    return bool(settings.FEATURES.passkeys) and (settings.ISSUER.startswith("https://") or host == "localhost")


def hindered_by() -> str:
    """The address of this server, where it is what keeps browsers from making passkeys; else empty. A page says so."""
    return settings.ISSUER_ORIGIN if settings.FEATURES.passkeys and not are_possible() else ""


def keep_challenge(session: SessionBase) -> None:
    """Note the challenge that allauth has just made, beside those of other tabs."""
    state = auth.get_state() or {}
    auth.clear_state()
    session[CHALLENGES] = [*session.get(CHALLENGES, [])[1 - AT_MOST :], {**state, "at": time.time()}]


def _take_challenge(session: SessionBase, challenge: str) -> None:
    """Hand allauth the challenge that an answer is about, and forget it; none when it is unknown, used or too old."""
    kept: list[dict[str, Any]] = session.get(CHALLENGES, [])
    found = next((one for one in kept if one.get("challenge") == challenge), None)
    auth.clear_state()
    if found is not None:
        session[CHALLENGES] = [one for one in kept if one is not found]
        if time.time() - found["at"] < settings.LIFETIMES.interaction:
            auth.set_state({name: value for name, value in found.items() if name != "at"})


def _opened(credential: Any, shape: type[AuthenticationResponse] | type[RegistrationResponse]) -> Any:
    """The browser's answer, decoded.

    Raises:
        ValidationError: it is no such answer, or it was made on another page than ours.
    """
    try:
        answer = shape.from_dict(credential)
        client_data: CollectedClientData = answer.response.client_data
        made_for = client_data.origin, client_data.cross_origin
        challenge = websafe_encode(client_data.challenge)
    except Exception as error:  # the decoders of CBOR, COSE and JSON raise whatever hostile octets make them raise
        raise get_adapter().validation_error("incorrect_passkey") from error
    # fido2 takes any origin below the relying party's name; a page of a sibling subdomain could pass an answer on.
    if made_for[0] != settings.ISSUER_ORIGIN or made_for[1]:
        raise get_adapter().validation_error("incorrect_passkey")
    return answer, challenge


class _Answer(forms.JSONField):
    """The answer as the script sends it; deep or endless JSON is as wrong as none."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """The parsed text.

        Raises:
            ValidationError: it is no JSON, or more of it than an answer can be.
        """
        if len(value or "") > LONGEST_ANSWER:
            raise get_adapter().validation_error("incorrect_passkey")
        try:
            return super().to_python(value)
        except (RecursionError, ValueError) as error:
            raise get_adapter().validation_error("incorrect_passkey") from error


class _AskedHere(forms.Form):
    """Opens the answer before allauth does, and keeps what the authenticator said about itself."""

    said: AuthenticatorData
    user: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = _Answer()


class ProvePasskeyForm(_AskedHere, webauthn.AuthenticateWebAuthnForm):
    """A passkey or security key beside a password that was right."""

    def clean_credential(self) -> Any:
        """The authenticator that answered.

        Raises:
            ValidationError: the answer is wrong.
        """
        answer, challenge = _opened(self.cleaned_data["credential"], AuthenticationResponse)
        self.said = answer.response.authenticator_data
        _take_challenge(context.request.session, challenge)
        if self.passwordless and not self.said.is_user_verified():
            # The challenge of a second step does not demand it, and this browser may hold one: a stolen key without its PIN
            # must not open an account.
            raise get_adapter().validation_error("incorrect_passkey")
        try:
            return super().clean_credential()
        except ValidationError as error:
            # allauth speaks of codes.
            wrong = getattr(error, "code", "") == "incorrect_code"
            raise get_adapter().validation_error("incorrect_passkey") if wrong else error from None

    def save(self) -> None:
        """Note the proof, and with it what allauth does not: whether the person was verified, whether the key is on one device."""
        super().save()
        records = context.request.session[AUTHENTICATION_METHODS_SESSION_KEY]
        records[-1] |= {"verified": self.said.is_user_verified(), "synchronised": self.said.is_backup_eligible()}
        context.request.session.modified = True


class SignInPasskeyForm(ProvePasskeyForm, webauthn.LoginWebAuthnForm):
    """A passkey alone."""


class ReprovePasskeyForm(ProvePasskeyForm, webauthn.ReauthenticateWebAuthnForm):
    """A passkey again, before a change."""


class _Made(_AskedHere):
    """Opens a passkey that was just made."""

    def clean_credential(self) -> Mapping[str, Any]:
        """The new credential, opened.

        Raises:
            ValidationError: it is malformed, or this person has as many as one may.
        """
        credential: Mapping[str, Any] = self.cleaned_data["credential"]
        answer, challenge = _opened(credential, RegistrationResponse)
        self.said = answer.response.attestation_object.auth_data
        made = self.said.credential_data
        if made is None or made.public_key.get(_ALGORITHM) not in CoseKey.supported_algorithms():
            raise get_adapter().validation_error("incorrect_passkey")
        if len(factors.passkeys_of(self.user)) >= settings.LIMITS.passkeys_per_person:
            raise ValidationError(_("You have as many passkeys as an account may have. Remove one first."))
        _take_challenge(context.request.session, challenge)
        return credential


class AddPasskeyForm(_Made, webauthn.AddWebAuthnForm):
    """A new passkey and what its owner calls it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)  # the browser and the authenticator settle it between them
        name = self.fields["name"]
        name.label, name.help_text = _("Name"), _("So that you know it again, like “Telephone”.")
        name.validators.append(MaxLengthValidator(LONGEST_NAME))
        name.widget.attrs["maxlength"] = str(LONGEST_NAME)


class FirstPasskeyForm(_Made, webauthn.SignupWebAuthnForm):
    """The passkey of a new account, which nothing else opens: it must open it alone."""

    def clean_credential(self) -> Mapping[str, Any]:
        """The new credential.

        Raises:
            ValidationError: it is malformed, it did not verify the person, or it cannot be found without a username.
        """
        credential = super().clean_credential()
        if not self.said.is_user_verified() or not factors.opens_alone(
            Authenticator(type="webauthn", data={"credential": credential})
        ):
            raise ValidationError(
                _(
                    "This key cannot open an account alone. Use one with a PIN, fingerprint or face, or choose a password."
                )
            )
        return credential


def amr_of_new(said: AuthenticatorData) -> tuple[str, ...]:
    """RFC 8176's words for a key that was just made, by what it says of itself: it may leave the device, or not."""
    return ("swk" if said.is_backup_eligible() else "hwk", "user")


def creation_options(user: Any, session: SessionBase, *, alone: bool = False) -> dict[str, Any]:
    """What the browser needs to make a passkey: one that can be found without a username, where the authenticator can.

    Args:
        user: whose it will be; may not be stored yet.
        session: of the browser.
        alone: whether it must be found without a username and verify its owner.
    """
    options: dict[str, Any] = auth.begin_registration(user, passwordless=alone)
    keep_challenge(session)
    if alone:
        return options
    public_key = dict(options["publicKey"])
    public_key["authenticatorSelection"] = {**public_key["authenticatorSelection"], "residentKey": "preferred"}
    return {**options, "publicKey": public_key}


def request_options(user: Any, session: SessionBase) -> dict[str, Any]:
    """What the browser needs to answer with a passkey: of this person, or of whoever sits there when ``user`` is None."""
    options: dict[str, Any] = auth.begin_authentication(user)
    keep_challenge(session)
    return options


class RenamePasskeyForm(webauthn.EditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["name"]
        name.label = _("Name")
        name.validators.append(MaxLengthValidator(LONGEST_NAME))
        name.widget.attrs["maxlength"] = str(LONGEST_NAME)


def wants_options(request: HttpRequest) -> bool:
    """Does the script ask, and not the person?"""
    return request.method == "GET" and request.headers.get("Accept") == "application/json"

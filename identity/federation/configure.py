"""An operator sets a provider up: JSON members become a judged row. The command and the admin page both come through here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from identity.at_rest import seal
from identity.federation import connection
from identity.federation.client_auth import METHODS, SECRET_IS, BadKeyError
from identity.federation.mapping import MAPPABLE
from identity.federation.presets import GENERIC, PRESETS
from identity.models import Upstream
from identity.sign_in.assurance import LEVELS

SLUG: Final = "slug"
SECRET: Final = "client_secret"  # noqa: S105  # a member's name
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "emails_endpoint", "jwks_uri", "end_session_endpoint")  # fmt: skip
KEY_NAMES: Final = ("team_id", "key_id")
# Parameters that the conversation itself sets: an operator's fixed value would take its protection away.
OURS: Final = frozenset({
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "request",
    "request_uri", "response_mode",
})  # fmt: skip
# A level that needs a key needs one that answers to our own pages.
GRANTED: Final = tuple(name for name, level in LEVELS.items() if not level.key)
_DOMAIN: Final = re.compile(r"\*|[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class UpstreamError(ValueError):
    """What is given cannot be kept; the sentence begins with the member's name."""


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise UpstreamError(f"{name} must be a text.")
    return value.strip()


def _bool(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UpstreamError(f"{name} must be true or false.")
    return value


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 32_767:
        raise UpstreamError(f"{name} must be a whole number from 0 to 32767.")
    return value


def _one_of(*words: str) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if value not in words:
            raise UpstreamError(f"{name} must be one of: {', '.join(word or 'an empty text' for word in words)}.")
        return str(value)

    return read


def _address(name: str, value: Any) -> str:
    address = _text(name, value)
    parts = urlsplit(address)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.fragment:
        raise UpstreamError(f"{name} must be an http(s) address without a fragment.")
    return address


def _issuer(name: str, value: Any) -> str:
    if value == "":
        return ""
    address = _address(name, value)
    if "?" in address:
        raise UpstreamError(f"{name} must be an address without a query (OpenID Connect Discovery §4.1).")
    # As it is written in the discovery document, where a final slash counts.
    return address


def _texts(allowed: Callable[[str, str], str]) -> Callable[[str, Any], dict[str, str]]:
    def read(name: str, value: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise UpstreamError(f"{name} must be an object of texts.")
        for key, text in value.items():
            if complaint := allowed(key, text):
                raise UpstreamError(f"{name}: {complaint}")
        return dict(value)

    return read


def _named(names: tuple[str, ...]) -> Callable[[str, str], str]:
    return lambda key, _: "" if key in names else f"{key} is not known. Known are: {', '.join(names)}."


def _endpoint(key: str, text: str) -> str:
    if key not in ENDPOINTS:
        return _named(ENDPOINTS)(key, text)
    return "" if text.startswith(("https://", "http://", "{issuer}/")) else f"{key} must be an http(s) address."


def _free(key: str, _: str) -> str:
    return f"{key} is set by the server itself." if key in OURS else ""


def _level(_: str, text: str) -> str:
    return (
        "" if text in GRANTED else f"{text} is no level that a provider can vouch for. Those are: {', '.join(GRANTED)}."
    )


def _domains(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(domain, str) for domain in value):
        raise UpstreamError(f"{name} must be a list of domains.")
    domains = [domain.strip().lower().removeprefix("@") for domain in value]
    for domain in domains:
        if not _DOMAIN.fullmatch(domain):
            raise UpstreamError(f"{name}: {domain} is no domain.")
    return domains


def _homes(name: str, value: Any) -> list[str]:
    domains = _domains(name, value)
    if connection.EVERY_DOMAIN in domains:
        raise UpstreamError(f"{name} must name domains: everybody's address cannot lead to one provider.")
    return domains


Reader = Callable[[str, Any], Any]
# Member → (column, how it is read). What is absent keeps its default, or what the row has.
MEMBERS: Final[Mapping[str, tuple[str, Reader]]] = {
    "name": ("name", _text),
    "preset": ("preset", _one_of(*PRESETS)),
    "issuer": ("issuer", _issuer),
    "client_id": ("client_id", _text),
    "token_endpoint_auth_method": ("client_auth", _one_of("", *METHODS)),
    "key_names": ("key_names", _texts(_named(KEY_NAMES))),
    "scope": ("scope", _text),
    "endpoints": ("endpoints", _texts(_endpoint)),
    "authorization_parameters": ("parameters", _texts(_free)),
    "claims": ("claims", _texts(_named(MAPPABLE))),
    "sync_claims": ("sync", _one_of(*Upstream.Sync.values)),
    "email_domains": ("email_domains", _domains),
    "home_domains": ("home_domains", _homes),
    "sign_up": ("sign_up", _one_of(*Upstream.SignUp.values)),
    "acr_values": ("acr_values", _texts(_level)),
    "trust_amr": ("trusts_amr", _bool),
    "sign_out_there": ("signs_out_there", _bool),
    "is_active": ("is_active", _bool),
    "is_offered": ("is_offered", _bool),
    "position": ("position", _whole),
}


def read(members: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that these members fill.

    Raises:
        UpstreamError: a member is unknown or malformed.
    """
    known = {*MEMBERS, SLUG, SECRET}
    for name in members:
        if name not in known:
            raise UpstreamError(f"{name} is not known. Known are: {', '.join(sorted(known))}.")
    return {column: reader(name, members[name]) for name, (column, reader) in MEMBERS.items() if name in members}


def _judge(row: Upstream) -> None:
    """What no member can know alone.

    Raises:
        UpstreamError: the row makes no provider.
    """
    made = connection.of(row)
    if not made.issuer:
        raise UpstreamError("issuer must be given: this kind of provider has no default.")
    if made.preset.is_openid and "openid" not in made.scope.split():
        raise UpstreamError("scope must contain openid: without it there is no ID token.")
    if made.client_auth == "apple" and set(row.key_names) != set(KEY_NAMES):
        raise UpstreamError("key_names must give team_id and key_id, as Apple names them.")
    if made.client_auth in SECRET_IS:
        try:
            SECRET_IS[made.client_auth](made.secret)
        except BadKeyError as error:
            raise UpstreamError(f"client_secret: {error}") from None
    try:
        row.full_clean()
    except ValidationError as error:
        raise UpstreamError(
            " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        ) from None


def draft(members: Mapping[str, Any], row: Upstream | None) -> Upstream:
    """A provider made of these members, judged and not stored; a secret that is not given stays.

    Args:
        members: see ``MEMBERS``, beside ``slug`` and ``client_secret``.
        row: what there is, if there is anything.

    Raises:
        UpstreamError: something given cannot be kept.
    """
    slug = row.slug if row is not None else _text(SLUG, members.get(SLUG, ""))
    if not slug:
        raise UpstreamError("slug must be given: it stands in the redirect URI.")
    values = read(members)
    row = row or Upstream(slug=slug, name=PRESETS[values.get("preset", GENERIC)].title)
    for column, value in values.items():
        setattr(row, column, value)
    if SECRET in members:
        secret = _text(SECRET, members[SECRET])
        row.wrapped_secret = seal(secret.encode(), connection.secret_context(slug)) if secret else None
    _judge(row)
    return row


def set_up(members: Mapping[str, Any], *, may_replace: bool) -> tuple[Upstream, bool]:
    """Make a provider, or bring one up to date.

    Args:
        members: see ``draft``.
        may_replace: whether a provider with this slug may exist already.

    Returns:
        The row, and whether it is new.

    Raises:
        UpstreamError: something given cannot be kept; nothing has changed then.
    """
    with transaction.atomic():
        row = Upstream.objects.called(str(members.get(SLUG, "")))
        if row is not None and not may_replace:
            raise UpstreamError(f"slug: there is a provider {row.slug} already; --update changes it.")
        made = draft(members, row)
        made.save()
    return made, row is None


def describe(row: Upstream) -> dict[str, Any]:
    """What an operator tells the provider, and what was kept; never the secret."""
    made = connection.of(row)
    return {
        "slug": row.slug,
        "name": row.name,
        "preset": row.preset,
        "issuer": made.issuer,
        "client_id": row.client_id,
        "redirect_uri": made.redirect_uri,
        "post_logout_redirect_uri": connection.signed_out_address(),
        "backchannel_logout_uri": connection.own_address("upstream_back_channel", row.slug),
        "has_secret": bool(row.wrapped_secret),
        "is_active": row.is_active,
    }


def from_json(text: str) -> dict[str, Any]:
    """The members in a JSON object.

    Raises:
        UpstreamError: it is none.
    """
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UpstreamError(f"This is no JSON: {error}.") from None
    if not isinstance(members, dict):
        raise UpstreamError("This must be a JSON object.")
    return members

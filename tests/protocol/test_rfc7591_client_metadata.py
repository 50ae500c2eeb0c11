"""RFC 7591 §2 and §3.2, OpenID Connect Dynamic Client Registration §2: what client metadata may say."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey

from oauth_server.clients import metadata, readers, registry
from oauth_server.clients.fields import FIELDS
from oauth_server.clients.profiles import PROFILES
from oauth_server.models import Client, ClientSecret
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI, OAuthError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REDIRECT = "https://app.example/cb"
KEY = ECKey.generate_key("P-256", {"kid": "one"})
PUBLIC = {"keys": [KEY.as_dict(private=False)]}


def validate(by_operator: bool = True, **members: Any) -> dict[str, Any]:
    return metadata.validate({"redirect_uris": [REDIRECT], **members}, by_operator=by_operator)


def test_the_defaults_are_the_standards() -> None:
    """RFC 7591 §2; OpenID Registration §2 for application_type and id_token_signed_response_alg."""
    read = validate()
    assert read["grant_types"] == ["authorization_code"]
    assert read["response_types"] == ["code"]
    assert read["token_endpoint_auth_method"] == "client_secret_basic"
    assert read["application_type"] == "web"
    assert read["id_token_signed_response_alg"] == "RS256"
    assert read["scope"] == "openid profile email address phone offline_access"
    assert read["profile"] == "oauth21"


def test_a_client_without_people_has_no_scope_and_no_response_type_of_its_own() -> None:
    """RFC 7591 §2.1: response_types follows grant_types."""
    read = metadata.validate({"grant_types": ["client_credentials"]}, by_operator=True)
    assert read["response_types"] == []
    assert read["scope"] == ""


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("client_name", 1), ("client_name", "x" * 256), ("client_name", "a\x00b"), ("client_name", "bank\u202egro.live"),
        ("client_name", "a\nb"), ("client_name#de", "a\u2066b"), ("client_name", "zero\u200bwidth"),
        ("grant_types", "authorization_code"), ("grant_types", []), ("grant_types", ["implicit"]), ("grant_types", ["password"]),
        ("grant_types", [1]), ("response_types", ["token"]), ("response_types", ["code id_token"]), ("response_types", []),
        ("response_types", "code"), ("token_endpoint_auth_method", "magic"), ("token_endpoint_auth_method", ["none"]),
        ("token_endpoint_auth_method", {}), ("scope", ["a"]), ("scope", 'a"b'), ("scope", "a\\b"),
        ("client_uri", "http://app.example"), ("client_uri", "javascript:alert(1)"), ("client_uri", "//app.example"),
        ("logo_uri", "data:image/svg+xml,x"), ("tos_uri", "https://user@app.example"), ("policy_uri", "https://a b"),
        ("policy_uri", "https://"), ("logo_uri#fr", "ftp://app.example"), ("contacts", "me"), ("contacts", [1]),
        ("jwks", []), ("jwks", {}), ("jwks", {"keys": []}), ("jwks", {"keys": ["x"]}), ("jwks_uri", "http://app.example/jwks"),
        ("jwks_uri", "file:///etc/passwd"), ("application_type", "desktop"), ("subject_type", "ephemeral"),
        ("id_token_signed_response_alg", "none"), ("id_token_signed_response_alg", "XS256"),
        ("userinfo_signed_response_alg", "none"), ("default_max_age", -1), ("default_max_age", "60"), ("default_max_age", True),
        ("require_auth_time", "true"), ("default_acr_values", ["a b"]), ("default_acr_values", ["\ud800"]), ("jwks", {"keys": [{"kty": "EC", "x": "\x00"}]}),
        ("jwks", {"keys": [{"kty": {"a": 1}}]}), ("initiate_login_uri", "javascript:x"),
        ("post_logout_redirect_uris", ["javascript:alert(1)"]), ("post_logout_redirect_uris", ["http://app.example/"]),
        ("profile", "fapi"), ("access_token_format", "paseto"), ("access_token_signed_response_alg", "HS256"),
        ("access_token_typ", "x"), ("always_issue_refresh_token", 1), ("audience", ["a b"]), ("audience", 1),
        ("introspects", [None]), ("skip_authorization", "no"), ("tokens_not_before", "yesterday"),
        ("tokens_not_before", "2026-01-01T00:00:00"), ("tokens_not_before", 1e400), ("contacts", ["x"] * 101),
    ],
)  # fmt: skip
def test_a_wrong_member_is_refused_by_name(member: str, value: Any) -> None:
    """RFC 7591 §3.2.2: invalid_client_metadata; the description names the member."""
    with pytest.raises(InvalidClientMetadata) as refused:
        validate(**{member: value})
    assert member in refused.value.description


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "data:text/html,x", "http://app.example/cb", "https://app.example/cb#f", "https://*.example/cb",
     "https://app.example/../cb", "/cb", "", "app:/cb", "https://user@app.example/cb", "https://app.example/cb?code=1", "\x00"],
)  # fmt: skip
def test_a_wrong_redirect_uri_has_its_own_error(uri: str) -> None:
    """RFC 7591 §3.2.2: invalid_redirect_uri (the matching rules are tried in the tests of protocol/uris)."""
    with pytest.raises(InvalidRedirectURI):
        validate(redirect_uris=[uri])


@pytest.mark.parametrize("value", ["https://app.example/cb", [], None, {}, [1]])
def test_the_code_flow_needs_redirect_uris(value: Any) -> None:
    """RFC 7591 §2: clients using flows with redirection must register."""
    with pytest.raises(InvalidRedirectURI):
        validate(redirect_uris=value)


def test_what_does_not_apply_is_ignored_whatever_it_says() -> None:
    """Interop 5: a signing algorithm for a method that is not used, unknown members, null."""
    read = validate(
        token_endpoint_auth_signing_alg="magic",
        default_magic=7,
        response_modes=["query"],
        software_statement=None,
        client_name=None,
        request_object_signing_alg="none",
        **{"scope#de": 1, "client_name#not a language": 2},
    )
    assert (
        not {
            "token_endpoint_auth_signing_alg",
            "default_magic",
            "response_modes",
            "client_name",
            "scope#de",
            "request_object_signing_alg",
        }
        & read.keys()
    )


def test_nothing_is_fetched_while_registering() -> None:
    """Interop 5: an unreachable jwks_uri does not fail a registration."""
    assert validate(jwks_uri="https://unreachable.invalid/jwks")["jwks_uri"]


def test_names_in_languages_are_kept() -> None:
    """RFC 7591 §2.2."""
    read = validate(**{"client_name#de-CH": "Laden", "tos_uri#fr": "https://app.example/fr"})
    assert read["client_name#de-CH"] == "Laden"
    assert read["tos_uri#fr"] == "https://app.example/fr"


@pytest.mark.parametrize(
    "members",
    [
        {"grant_types": ["client_credentials"], "response_types": ["code"]},
        {"grant_types": ["authorization_code"], "response_types": []},
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
        {"token_endpoint_auth_method": "none", "id_token_signed_response_alg": "HS256"},
        {"jwks": PUBLIC, "jwks_uri": "https://app.example/jwks"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": PUBLIC, "token_endpoint_auth_signing_alg": "HS256"},
        {"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "unknown"}]}},
    ],
)
def test_members_that_contradict_each_other_are_refused(members: dict[str, Any]) -> None:
    """RFC 7591 §2.1 and §2; RFC 6749 §4.4."""
    with pytest.raises(InvalidClientMetadata):
        validate(**members)


@pytest.mark.parametrize(
    "key",
    [
        KEY.as_dict(private=True),
        RSAKey.generate_key(2048).as_dict(private=True),
        OctKey.generate_key(256).as_dict(private=True),
    ],
    ids=["EC", "RSA", "oct"],
)
def test_a_private_key_is_refused(key: dict[str, Any]) -> None:
    """RFC 7517 §4: it has left its owner's hands."""
    with pytest.raises(InvalidClientMetadata, match="private"):
        validate(jwks={"keys": [key]})


def test_a_private_scheme_takes_a_native_client() -> None:
    """RFC 8252 §7.1; OpenID Registration §2, application_type."""
    with pytest.raises(InvalidRedirectURI):
        validate(redirect_uris=["com.example.app:/cb"])
    assert validate(redirect_uris=["com.example.app:/cb"], application_type="native")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000/cb", "http://[::1]/cb", "http://localhost:5000/cb"])
def test_loopback_redirects_are_for_developers(uri: str) -> None:
    """Interop 11; RFC 8252 §7.3."""
    assert validate(redirect_uris=[uri])["redirect_uris"] == [uri]


def test_response_types_are_kept_in_one_order() -> None:
    """OAuth 2.0 Multiple Response Types §3: the order of the words means nothing."""
    assert readers.response_types(["token id_token", "id_token token", "code"], "response_types") == [
        "id_token token",
        "code",
    ]


def test_only_an_operators_word_widens_what_a_client_may_do() -> None:
    """A developer who registers over the network cannot skip consent, introspect others, or choose a profile."""
    wide = {
        "introspects": ["*"], "skip_authorization": True, "audience": ["https://api.example"], "profile": "openid",
        "always_issue_refresh_token": True, "offline_access_survives_logout": True, "tokens_not_before": 1,
        "minimum_acr": "2", "vouched_for": True,
    }  # fmt: skip
    assert wide.keys() == {row.name for row in FIELDS.values() if row.by_operator_only} | {"audience"}
    narrow = validate(by_operator=False, **wide)
    assert not {name for name in wide.keys() - {"profile"} if narrow.get(name)}
    assert narrow["profile"] == "oauth21"
    assert wide.keys() <= validate(by_operator=True, **wide).keys()


@override_settings(OUTBOUND_ALLOW=("10.0.0.0/8",))
def test_a_fetched_address_may_be_http_where_private_ranges_are_open() -> None:
    """Interop 10: the operator's choice; the address is judged again at each call."""
    assert validate(jwks_uri="http://app.internal/jwks")


@pytest.mark.django_db
def test_the_answer_is_what_was_registered() -> None:
    """RFC 7591 §3.2.1: all registered metadata, with the identifier, its time, and the secret with its expiry."""
    asked = {
        "redirect_uris": [REDIRECT], "client_name": "Shop", "client_uri": "https://app.example/", "scope": "openid email",
        "grant_types": ["authorization_code", "refresh_token"], "contacts": ["ops@app.example"], "jwks": PUBLIC,
        "post_logout_redirect_uris": ["https://app.example/bye"], "default_max_age": 0, "require_auth_time": True,
        "userinfo_signed_response_alg": "RS256", "access_token_format": "opaque", "introspects": ["*"],
        "tokens_not_before": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    row, answer = metadata.register(asked, now=NOW)
    assert answer.items() >= asked.items()
    assert answer["client_id"] == row.client_id
    assert isinstance(answer["client_id_issued_at"], int)
    assert answer["client_secret_expires_at"] == 0
    json.dumps(answer)
    ClientMetadataClaims({**answer, "scope": "openid email"}, {}).validate()
    told = metadata.describe(Client.objects.get(pk=row.pk))
    assert told == {name: value for name, value in answer.items() if not name.startswith("client_secret")}


@pytest.mark.django_db
def test_a_public_client_has_no_secret() -> None:
    """RFC 7591 §3.2.1: client_secret is for clients that have one."""
    row, answer = metadata.register({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}, now=NOW)
    assert not {"client_secret", "client_secret_expires_at"} & answer.keys()
    assert row.client_type == "public"
    assert not ClientSecret.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["short", "x" * 31])
def test_a_chosen_secret_that_signs_is_long_enough(secret: str) -> None:
    """RFC 7518 §3.2: an HMAC key is at least as long as the hash; OpenID Connect Core §16.19."""
    with pytest.raises(InvalidClientMetadata, match="32"):
        metadata.register(
            {"redirect_uris": [REDIRECT], "id_token_signed_response_alg": "HS256"}, client_secret=secret, now=NOW
        )
    assert not Client.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"), [("client_id", "a\nb"), ("client_id", "x" * 256), ("client_id", 7), ("client_secret", "é")]
)
def test_chosen_names_and_secrets_are_printable_ascii(name: str, value: Any) -> None:
    """RFC 6749 appendix A.1 and A.2."""
    with pytest.raises(InvalidClientMetadata, match=name):
        metadata.register({"redirect_uris": [REDIRECT], name: value}, now=NOW)


@pytest.mark.django_db
def test_over_the_network_nobody_chooses_an_identifier_or_a_secret() -> None:
    """RFC 7591 §2: client_id and client_secret are the server's to give."""
    asked = {"redirect_uris": [REDIRECT], "client_id": "admin", "client_secret": "x" * 40}
    row, answer = metadata.register(asked, now=NOW, by_operator=False)
    assert row.client_id != "admin"
    assert answer["client_secret"] != "x" * 40


@pytest.mark.django_db
def test_an_update_keeps_the_secret_until_the_client_needs_another_kind() -> None:
    """A digest cannot sign: a client that starts to compute with its secret gets a new one, and says so once."""
    base = {"redirect_uris": [REDIRECT]}
    row, _ = metadata.register(base, now=NOW)
    kept = ClientSecret.objects.get()
    _, answer = metadata.update(row.client_id, base | {"client_name": "New"}, now=NOW)
    assert "client_secret" not in answer
    assert ClientSecret.objects.get() == kept
    _, answer = metadata.update(row.client_id, base | {"token_endpoint_auth_method": "client_secret_jwt"}, now=NOW)
    assert answer["client_secret"]
    assert bytes(ClientSecret.objects.get().wrapped)
    _, answer = metadata.update(row.client_id, base, now=NOW)
    assert "client_secret" not in answer
    assert not bytes(ClientSecret.objects.get().wrapped)
    metadata.update(row.client_id, base | {"token_endpoint_auth_method": "none"}, now=NOW)
    assert not ClientSecret.objects.exists()


@pytest.mark.django_db
def test_an_update_never_revives_dead_tokens() -> None:
    """tokens_not_before only moves forward."""
    row, _ = metadata.register({"redirect_uris": [REDIRECT], "tokens_not_before": NOW.isoformat()}, now=NOW)
    for silent_or_earlier in ({}, {"tokens_not_before": 1}):
        metadata.update(row.client_id, {"redirect_uris": [REDIRECT], **silent_or_earlier}, now=NOW)
        client = registry.get(row.client_id)
        assert client is not None
        assert client.tokens_not_before == NOW


def test_every_profile_has_its_sentence() -> None:
    """Operators read it beside the choice."""
    assert {"oauth21", "openid"} <= PROFILES.keys()
    assert PROFILES["oauth21"].pkce_required
    assert not PROFILES["openid"].pkce_required
    assert all(row.sentence.endswith(".") for row in PROFILES.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([*FIELDS, "client_name#de", "client_id"]) | st.text(max_size=20)
PLAUSIBLE = st.sampled_from(
    [
        [REDIRECT],
        ["code"],
        "none",
        "private_key_jwt",
        "client_secret_jwt",
        "HS256",
        "RS256",
        PUBLIC,
        ["client_credentials"],
        "",
    ]
)


@given(st.dictionaries(NAMES, JSON | PLAUSIBLE, max_size=8) | JSON, st.booleans())
@settings(max_examples=300)
def test_no_metadata_makes_another_exception(members: Any, by_operator: bool) -> None:
    """Scorecard S-03: hostile metadata is refused, never a crash; what is accepted can be stored as JSON."""
    with contextlib.suppress(OAuthError):
        read = metadata.validate(members, by_operator=by_operator)
        text = json.dumps(read, default=str, ensure_ascii=False)
        assert "\\u0000" not in text
        text.encode()

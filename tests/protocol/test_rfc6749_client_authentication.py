"""RFC 6749 §2.3: client authentication with a secret, and without."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from oauth_server.clients import registry, secrets
from oauth_server.clients.authenticate import Credentials, authenticate, read_basic
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.metadata import register
from oauth_server.models import Client, StateVersion
from oauth_server.protocol.errors import InvalidClient, InvalidRequest, OAuthError
from oauth_server.protocol.parameters import Parameters
from tests.support.clients import basic

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REDIRECT = "https://app.example/cb"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    registry.forget()


def sent(authorization: str | None = None, **parameters: str) -> RegisteredClient:
    credentials = Credentials(authorization, Parameters(parameters), "https://as.example/oauth/token")
    return authenticate(credentials, NOW)


def make(**metadata: Any) -> dict[str, Any]:
    return register({"redirect_uris": [REDIRECT], **metadata}, now=NOW)[1]


@pytest.mark.django_db
def test_a_secret_in_the_authorization_header_authenticates() -> None:
    """§2.3.1: HTTP Basic with client identifier and secret."""
    answer = make()
    assert sent(basic(answer["client_id"], answer["client_secret"])).client_id == answer["client_id"]


@pytest.mark.django_db
def test_a_secret_in_the_form_authenticates_a_client_registered_for_it() -> None:
    """§2.3.1: client_id and client_secret in the request body."""
    answer = make(token_endpoint_auth_method="client_secret_post")
    client = sent(client_id=answer["client_id"], client_secret=answer["client_secret"])
    assert client.client_id == answer["client_id"]


@pytest.mark.django_db
def test_a_public_client_says_its_name() -> None:
    """§3.2.1: a public client sends client_id alone."""
    answer = make(token_endpoint_auth_method="none")
    assert "client_secret" not in answer
    assert sent(client_id=answer["client_id"]).is_public


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["a+b/c=d", "100% :sure", "p@ss&wörd".replace("ö", "o"), "%41", "a%2Bb", "x y"])
@pytest.mark.parametrize("encode", [True, False], ids=["encoded", "raw"])
def test_a_secret_with_special_characters_works_encoded_and_raw(secret: str, encode: bool) -> None:
    """§2.3.1 encodes each half; many clients send it raw, which must work where no ambiguity can hurt."""
    answer = make(client_id="urn:app one", client_secret=secret)
    client_id = quote_plus("urn:app one")
    pair = f"{client_id}:{quote_plus(secret) if encode else secret}"
    header = "Basic " + base64.b64encode(pair.encode()).decode()
    assert sent(header).client_id == answer["client_id"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("registered", "used"),
    [
        ("client_secret_basic", "post"),
        ("client_secret_post", "basic"),
        ("client_secret_basic", "none"),
        ("client_secret_post", "none"),
        ("none", "basic"),
        ("none", "post"),
    ],
)
def test_a_client_uses_the_method_that_it_registered_and_no_other(registered: str, used: str) -> None:
    """RFC 7591 §2: token_endpoint_auth_method is the method, not one of several. OpenID Connect Core §3.1.3.1."""
    answer = make(token_endpoint_auth_method=registered)
    client_id, secret = answer["client_id"], answer.get("client_secret", "x")
    attempts = {
        "basic": lambda: sent(basic(client_id, secret)),
        "post": lambda: sent(client_id=client_id, client_secret=secret),
        "none": lambda: sent(client_id=client_id),
    }
    with pytest.raises(InvalidClient):
        attempts[used]()


@pytest.mark.django_db
@pytest.mark.parametrize("registered", ["client_secret_basic", "client_secret_post"])
def test_where_the_profile_says_so_a_secret_comes_in_the_header_or_in_the_form(registered: str) -> None:
    """§2.3.1: both ways carry the same secret; python-social-auth uses one with a code, the other with a refresh token."""
    answer = make(token_endpoint_auth_method=registered, profile="openid")
    client_id, secret = answer["client_id"], answer["client_secret"]
    assert sent(basic(client_id, secret)).client_id == client_id
    assert sent(client_id=client_id, client_secret=secret).client_id == client_id
    for wrong in ({"client_id": client_id}, {"client_id": client_id, "client_secret": "wrong"}):
        with pytest.raises(InvalidClient):
            sent(**wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("registered", ["none", "private_key_jwt", "client_secret_jwt"])
def test_other_methods_stand_for_themselves_under_every_profile(registered: str) -> None:
    """RFC 7591 §2: a secret that was never meant to travel is not taken from a header or a form."""
    keys = {"jwks": {"keys": [ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False)]}}
    more = keys if registered == "private_key_jwt" else {}
    answer = make(token_endpoint_auth_method=registered, profile="openid", **more)
    client_id, secret = answer["client_id"], answer.get("client_secret", "x")
    with pytest.raises(InvalidClient):
        sent(basic(client_id, secret))
    with pytest.raises(InvalidClient):
        sent(client_id=client_id, client_secret=secret)


@pytest.mark.django_db
def test_two_credentials_in_one_request_are_refused() -> None:
    """§2.3: the client must not use more than one method in each request."""
    answer = make()
    client_id, secret = answer["client_id"], answer["client_secret"]
    with pytest.raises(InvalidRequest):
        sent(basic(client_id, secret), client_id=client_id, client_secret=secret)


@pytest.mark.django_db
def test_client_id_beside_the_header_must_agree() -> None:
    """§2.3.1: the same client_id may stand in the form; another one is a mistake or an attack."""
    answer = make()
    header = basic(answer["client_id"], answer["client_secret"])
    assert sent(header, client_id=answer["client_id"])
    with pytest.raises(InvalidRequest):
        sent(header, client_id="another")


@pytest.mark.django_db
def test_unknown_disabled_and_wrong_look_alike() -> None:
    """§5.2: invalid_client, 401, and one sentence for all three, so that nobody can list clients."""
    answer = make()
    client_id, secret = answer["client_id"], answer["client_secret"]
    said = set()
    for attempt in (basic("unknown", secret), basic(client_id, "wrong"), basic(client_id, "")):
        with pytest.raises(InvalidClient) as refused:
            sent(attempt)
        said.add((refused.value.status, refused.value.description))
    Client.objects.filter(client_id=client_id).update(is_active=False)
    StateVersion.objects.bump("clients")
    registry.forget()
    with pytest.raises(InvalidClient) as refused:
        sent(basic(client_id, secret))
    said.add((refused.value.status, refused.value.description))
    assert said == {(401, "Client authentication failed.")}


@pytest.mark.django_db
def test_an_unknown_client_is_compared_as_often_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scorecard T-01: the work is the same, so the time is. OpenID Connect Core §16.12."""
    answer = make()
    compared: list[bytes] = []
    original = secrets.hmac.compare_digest
    monkeypatch.setattr(secrets.hmac, "compare_digest", lambda a, b: compared.append(a) or original(a, b))
    counts = []
    for client_id in (answer["client_id"], "unknown"):
        compared.clear()
        with pytest.raises(InvalidClient):
            sent(basic(client_id, "wrong"))
        counts.append(len(compared))
    assert counts == [1, 1]


@pytest.mark.django_db
def test_two_secrets_live_while_one_replaces_the_other() -> None:
    """§10.1: a secret can be replaced without an outage; never more than two live."""
    answer = make()
    client_id, first = answer["client_id"], answer["client_secret"]
    second = secrets.rotate(client_id, NOW)
    for secret in (first, second):
        assert sent(basic(client_id, secret))
    third = secrets.rotate(client_id, NOW)
    for secret in (second, third):
        assert sent(basic(client_id, secret))
    with pytest.raises(InvalidClient):
        sent(basic(client_id, first))
    later = NOW + timedelta(days=8)
    credentials = Credentials(basic(client_id, second), Parameters({}), "https://as.example/oauth/token")
    with pytest.raises(InvalidClient):
        authenticate(credentials, later)


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Bearer abc", "Basic !!!", "Basic abc", "Basic YQ==", "Basic //79Og==", "Basic " + "A" * 9000,
     "Basic YTpi YTpi", "Digest username=a", "basic\tYTpi"],
)  # fmt: skip
def test_a_malformed_header_is_invalid_client(header: str) -> None:
    """§5.2: 401 invalid_client, whatever the header holds."""
    with pytest.raises(InvalidClient):
        read_basic(header)


@given(st.one_of(st.text(), st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode())))
def test_no_header_makes_another_exception(header: str) -> None:
    """Scorecard S-03: hostile headers are refused, never a crash."""
    with contextlib.suppress(OAuthError):
        read_basic(header)

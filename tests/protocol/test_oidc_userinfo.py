"""OpenID Connect Core §5.3, RFC 6750: the userinfo endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from joserfc import jwt
from joserfc.jwk import KeySet

from identity.models import User
from tests.support.parties import BASE, Http, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_userinfo_tells_the_claims_of_the_scopes(
    make_client: Callable[..., Party], redeem: Redeem, person: User, method: str, access_token_format: str
) -> None:
    """OpenID Connect Core §5.3.1, §5.3.2, §5.4; the caller is Authlib's."""
    app = make_client(access_token_format=access_token_format)
    with app.session(token=redeem(app, "openid profile email")) as session:
        claims = session.request(method, f"{BASE}/oauth/userinfo").json()
    assert claims["sub"] == str(person.pk)
    assert claims["name"] == "Olena Shevchenko"
    assert claims["email"] == "olena@example.org"
    assert claims["email_verified"] is False
    assert isinstance(claims["updated_at"], int)
    assert "phone_number" not in claims
    assert "" not in claims.values()


def test_email_verified_tells_the_truth(app: Party, redeem: Redeem, person: User) -> None:
    """OpenID Connect Core §5.1: of the address that is told, not of another one."""
    EmailAddress.objects.create(user=person, email="other@example.org", verified=True)
    http, token = Http(), redeem(app, "openid email")["access_token"]

    def verified() -> bool:
        answer: bool = http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).json()[
            "email_verified"
        ]
        return answer

    assert verified() is False
    EmailAddress.objects.create(user=person, email="olena@example.org", verified=True, primary=True)
    assert verified() is True


def test_a_signed_answer_is_given_to_who_registered_for_it(make_client: Callable[..., Party], redeem: Redeem) -> None:
    """OpenID Connect Core §5.3.2, interop 5: iss and aud are in it."""
    app = make_client(userinfo_signed_response_alg="RS256")
    token = redeem(app)["access_token"]
    answer = app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["content-type"] == "application/jwt"
    signed = jwt.decode(answer.text, KeySet.import_key_set(app.http.get("/oauth/jwks").json()), algorithms=["RS256"])
    assert (signed.claims["iss"], signed.claims["aud"]) == (BASE, app.client_id)


def test_the_token_may_stand_in_the_form_and_never_in_the_query(app: Party, redeem: Redeem) -> None:
    """RFC 6750 §2.2, §2.3; RFC 9700 §4.3.2."""
    token = redeem(app)["access_token"]
    assert app.http.post("/oauth/userinfo", data={"access_token": token}).status_code == 200
    assert app.http.get("/oauth/userinfo", params={"access_token": token}).status_code == 401
    both = app.http.post("/oauth/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


def test_without_a_token_the_challenge_names_no_error(keys: None) -> None:
    """RFC 6750 §3.1."""
    answer = Http().get("/oauth/userinfo")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert "error" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "gth_at_" + "A" * 49])
def test_a_token_that_is_none_is_invalid(keys: None, token: str) -> None:
    """RFC 6750 §3.1; readable by pages of other origins."""
    answer = Http().get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {token}", "Origin": "https://spa.example"}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_other_kinds_of_tokens_are_refused(app: Party, service: Party, redeem: Redeem) -> None:
    """CVE-2019-3868: an ID token, a refresh token, a client's own token, a token without openid."""
    tokens = redeem(app)
    own = service.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    plain = redeem(app, "profile")["access_token"]
    for token, status in ((tokens["id_token"], 401), (tokens["refresh_token"], 401), (own, 403), (plain, 403)):
        answer = app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, answer.text


def test_a_revoked_token_opens_nothing(app: Party, redeem: Redeem) -> None:
    """RFC 7009 §2: at once."""
    token = redeem(app)
    app.post("/oauth/revoke", token=token["refresh_token"])
    answer = app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert answer.status_code == 401


def test_a_disabled_person_is_told_of_no_more(app: Party, redeem: Redeem) -> None:
    """Design rule 4."""
    token = redeem(app)["access_token"]
    User.objects.update(is_active=False)
    assert app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401

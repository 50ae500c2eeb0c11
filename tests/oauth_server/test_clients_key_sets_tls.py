"""A client's ``jwks_uri`` over real TLS: rotation, outages, and which key of the set (OpenID Connect Core §10.1.1, §10.2.1)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from joserfc.jwk import ECKey, RSAKey
from pytest_django import Settings

from oauth_server.clients import encryption, registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.outbound import fetch, kept
from oauth_server.protocol.errors import InvalidClient, InvalidRequest
from tests.support.clients import claims, make, send_assertion, sign
from tests.support.jwe import decode
from tests.support.tls import Authority, KeyServer, serving

pytestmark = pytest.mark.django_db

ONE, TWO = (ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}) for kid in ("one", "two"))
FOR_US, LATER = (RSAKey.generate_key(2048, {"kid": kid, "use": "enc"}) for kid in ("for-us", "later"))


def public(key: ECKey | RSAKey, **members: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **members}


@pytest.fixture
def authority(tmp_path: Path, settings: Settings) -> Iterator[Authority]:
    """The one that the server trusts; loopback is opened for it."""
    made = Authority(tmp_path)
    settings.OUTBOUND_CA_FILE = made.file
    settings.OUTBOUND_ALLOW = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    yield made
    fetch._tls.cache_clear()


@pytest.fixture
def server(authority: Authority) -> Iterator[KeyServer]:
    with serving(authority.context("localhost", "127.0.0.1")) as made:
        made.publish(public(ONE), public(FOR_US))
        yield made


def registered(server: KeyServer, host: str = "localhost", **metadata: Any) -> RegisteredClient:
    answer = make(
        token_endpoint_auth_method="private_key_jwt", jwks_uri=f"https://{host}:{server.port}/jwks", **metadata
    )
    client = registry.get(answer["client_id"])
    assert client is not None
    return client


def signs_in(client: RegisteredClient, key: ECKey, now: datetime, **header: Any) -> bool:
    at = int(now.timestamp())
    assertion = sign(claims(client.client_id, iat=at, exp=at + 60), key, **({"kid": key.kid} | header))
    try:
        return send_assertion(assertion, now=now).client_id == client.client_id  # type: ignore[arg-type]  # goes to `send`
    except InvalidClient:
        return False


def encrypted_to(client: RegisteredClient, now: datetime) -> str:
    token = encryption.to_client(client, encryption.ID_TOKEN, "a.b.c", now)
    kid: str = json.loads(decode(token.partition(".")[0]))["kid"]
    return kid


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_a_trusted_authority_for_this_host_is_believed(server: KeyServer, host: str) -> None:
    """RFC 7591 §2: jwks_uri; the settings OUTBOUND_CA_FILE and OUTBOUND_ALLOW open the way."""
    assert signs_in(registered(server, host), ONE, timezone.now())
    assert server.hits == 1


def test_a_certificate_for_another_host_is_refused(server: KeyServer, authority: Authority) -> None:
    """RFC 9525 §6: the name in the address counts; the request is not even sent."""
    server.context = authority.context("app.example")
    assert not signs_in(registered(server), ONE, timezone.now())
    assert server.hits == 0


def test_a_certificate_that_has_ended_is_refused(server: KeyServer, authority: Authority) -> None:
    """RFC 5280 §6.1.3."""
    server.context = authority.context("localhost", ended=True)
    assert not signs_in(registered(server), ONE, timezone.now())
    assert server.hits == 0


def test_an_authority_that_we_do_not_know_is_refused(server: KeyServer, tmp_path: Path) -> None:
    """RFC 5280 §6.1: also one that calls itself as ours does."""
    folder = tmp_path / "other"
    folder.mkdir()
    for name in ("Authority of a test", "Somebody"):
        server.context = Authority(folder, name).context("localhost")
        assert not signs_in(registered(server), ONE, timezone.now())
    assert server.hits == 0


def test_without_the_setting_only_public_authorities_count(server: KeyServer, settings: Settings) -> None:
    """The test's authority is trusted because a setting says so, not because nothing is checked."""
    settings.OUTBOUND_CA_FILE = None
    assert not signs_in(registered(server), ONE, timezone.now())
    assert server.hits == 0


def test_without_the_setting_loopback_is_closed(server: KeyServer, settings: Settings) -> None:
    """Design rule 6."""
    client = registered(server)
    settings.OUTBOUND_ALLOW = ()
    assert not signs_in(client, ONE, timezone.now())
    assert server.hits == 0


def test_a_rotated_signing_key_is_found_by_its_name(server: KeyServer) -> None:
    """Core §10.1.1: an unknown kid makes us look again, after two seconds at the earliest; the old one ends with its set."""
    client, now = registered(server), timezone.now()
    assert signs_in(client, ONE, now)
    server.publish(public(TWO), public(FOR_US))
    later = now + timedelta(seconds=kept.AGAIN_SECONDS)
    assert signs_in(client, TWO, later)
    assert not signs_in(client, ONE, later)
    assert server.hits == 2


@pytest.mark.parametrize("outage", ["500", "certificate", "nothing", "garbage"])
def test_an_outage_keeps_the_last_good_set_for_a_day(server: KeyServer, authority: Authority, outage: str) -> None:
    """The client's outage is not its users' outage; but a key that it withdrew does not live for ever."""
    client, now = registered(server, id_token_encrypted_response_alg="RSA-OAEP-256"), timezone.now()
    assert signs_in(client, ONE, now)
    assert encrypted_to(client, now) == "for-us"
    if outage == "500":
        server.status = 500
    elif outage == "certificate":
        server.context = authority.context("app.example")
    elif outage == "garbage":
        server.document = ["garbage"]
    else:
        server.shutdown()
        server.server_close()
    for seconds in (kept.FRESH_SECONDS + 1, kept.STALE_SECONDS - 1):
        later = now + timedelta(seconds=seconds)
        assert signs_in(client, ONE, later)
        assert encrypted_to(client, later) == "for-us"
    over = now + timedelta(seconds=kept.STALE_SECONDS + 1)
    assert not signs_in(client, ONE, over)
    with pytest.raises(InvalidRequest):
        encrypted_to(client, over)


def test_a_rotated_encryption_key_is_used_with_the_next_reading(server: KeyServer) -> None:
    """Core §10.2.1."""
    client, now = registered(server, id_token_encrypted_response_alg="RSA-OAEP-256"), timezone.now()
    assert encrypted_to(client, now) == "for-us"
    server.publish(public(ONE), public(LATER))
    assert encrypted_to(client, now + timedelta(seconds=kept.FRESH_SECONDS)) == "later"


def test_use_and_alg_choose_the_key(server: KeyServer) -> None:
    """RFC 7517 §4.2, §4.4: a key for encryption verifies nothing, and a key for signatures is not encrypted to."""
    # joserfc itself signs with no key that says it is for something else, so the keys say it in the set only.
    enc, other = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("enc", "other"))
    rsa_sig = RSAKey.generate_key(2048, {"kid": "rsa-sig", "use": "sig"})
    server.publish(
        public(enc, use="enc"),
        public(other, use="sig", alg="ES384"),
        public(rsa_sig),
        public(LATER, alg="RSA-OAEP"),
        public(FOR_US),
        public(ONE),
    )
    client, now = registered(server, id_token_encrypted_response_alg="RSA-OAEP-256"), timezone.now()
    assert encrypted_to(client, now) == "for-us"
    assert signs_in(client, ONE, now)
    for wrong in (enc, other):
        assert not signs_in(client, wrong, now)
        assert not signs_in(client, wrong, now, kid="one")
    assert server.hits == 1


def test_verification_and_encryption_share_one_reading(server: KeyServer) -> None:
    """One set, one fetch."""
    client, now = registered(server, id_token_encrypted_response_alg="RSA-OAEP-256"), timezone.now()
    encryption.prepare(client, encryption.ID_TOKEN, now)
    assert signs_in(client, ONE, now)
    assert encrypted_to(client, now) == "for-us"
    assert server.hits == 1

"""OpenID Connect Registration §2: the members of client metadata that speak of encryption."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from oauth_server.models import ClientSecret
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support.clients import make
from tests.support.keys import public_jwk

pytestmark = pytest.mark.django_db

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
JWKS = {"keys": [public_jwk(RSA, kid="their-rsa", use="enc"), public_jwk(EC, kid="their-ec", use="enc")]}
URI = "https://app.example/jwks"

RIGHT = [
    {"jwks": JWKS, "id_token_encrypted_response_alg": "RSA-OAEP-256"},
    {"jwks_uri": URI, "id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A128GCM"},
    {"userinfo_encrypted_response_alg": "dir"},
    {"request_object_encryption_alg": "RSA-OAEP-256"},
    {"request_object_encryption_alg": "dir", "request_object_encryption_enc": "A256GCM"},
    {"token_endpoint_auth_method": "none", "jwks": JWKS, "id_token_encrypted_response_alg": "RSA-OAEP-256"},
]

WRONG = [
    ("id_token_encrypted_response_enc", {"id_token_encrypted_response_enc": "A128GCM"}),
    ("userinfo_encrypted_response_enc", {"userinfo_encrypted_response_enc": "A128GCM"}),
    ("request_object_encryption_enc", {"request_object_encryption_enc": "A128GCM"}),
    ("id_token_encrypted_response_alg", {"id_token_encrypted_response_alg": "RSA-OAEP-256"}),
    ("id_token_encrypted_response_alg", {"jwks": JWKS, "id_token_encrypted_response_alg": "RSA1_5"}),
    ("id_token_encrypted_response_alg", {"jwks": JWKS, "id_token_encrypted_response_alg": "none"}),
    ("id_token_encrypted_response_alg", {"jwks": JWKS, "id_token_encrypted_response_alg": ["RSA-OAEP-256"]}),
    ("id_token_encrypted_response_enc", {"jwks": JWKS, "id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A128CTR"}),
    ("userinfo_encrypted_response_alg", {"jwks": {"keys": [public_jwk(RSA, use="sig")]}, "userinfo_encrypted_response_alg": "RSA-OAEP-256"}),
    ("userinfo_encrypted_response_alg", {"jwks": {"keys": [public_jwk(EC, use="enc")]}, "userinfo_encrypted_response_alg": "RSA-OAEP-256"}),
    ("userinfo_encrypted_response_alg", {"token_endpoint_auth_method": "none", "userinfo_encrypted_response_alg": "dir"}),
    ("request_object_encryption_alg", {"token_endpoint_auth_method": "none", "request_object_encryption_alg": "dir"}),
    ("request_object_encryption_alg", {"request_object_encryption_alg": "RSA-OAEP"}),
    ("request_object_encryption_alg", {"request_object_encryption_alg": "PBES2-HS256+A128KW"}),
    ("client_secret", {"userinfo_encrypted_response_alg": "dir", "client_secret": "short"}),
]  # fmt: skip


@pytest.mark.parametrize("metadata", RIGHT)
def test_metadata_that_goes_together_is_stored_and_told_again(metadata: dict[str, Any]) -> None:
    """Registration §2; RFC 7591 §3.2.1: all registered members, with their defaults."""
    answer = make(**metadata)
    for name, value in metadata.items():
        if name.endswith(("_alg", "_enc")):
            assert answer[name] == value
        if name.endswith("_alg"):
            assert answer[name.removesuffix("alg") + "enc"] == metadata.get(
                name.removesuffix("alg") + "enc", "A128CBC-HS256"
            )


@pytest.mark.parametrize(("name", "metadata"), WRONG)
def test_metadata_that_does_not_is_refused_by_name(name: str, metadata: dict[str, Any]) -> None:
    """Registration §2: an enc needs its alg; RFC 7591 §3.2.2: the description begins with the member."""
    with pytest.raises(InvalidClientMetadata) as refused:
        make(**metadata)
    assert refused.value.description.startswith(name)


def test_a_secret_is_kept_readable_only_for_who_computes_with_it() -> None:
    """Core §16.19; without `dir` the digest is enough."""
    for metadata, readable in (
        ({"request_object_encryption_alg": "dir"}, True),
        ({"request_object_encryption_alg": "ECDH-ES"}, False),
    ):
        answer = make(**metadata)
        stored = ClientSecret.objects.get(client__client_id=answer["client_id"])
        assert bool(stored.wrapped) is readable

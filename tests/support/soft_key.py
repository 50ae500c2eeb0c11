"""An authenticator in software (Web Authentication Level 3 §6), as honest or as false as a test wants it."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

UP, UV, BE, AT = 0x01, 0x04, 0x08, 0x40
ORIGIN: Final = "https://id.example"


@dataclass
class SoftKey:
    """One credential.

    Attributes:
        flags: what it says of each ceremony: the person was present (UP), verified (UV); the key may be synchronised (BE).
        origin: the page that it believes to be on.
        discoverable: what it answers to ``credProps``.
    """

    flags: int = UP | UV
    origin: str = ORIGIN
    discoverable: bool = True
    user_handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _client_data(self, kind: str, challenge: str, **more: Any) -> bytes:
        said = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | more).encode()

    def _authenticator_data(self, rp_id: str, flags: int, attested: bytes = b"") -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, 0) + attested

    def create(self, options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """What ``navigator.credentials.create`` gives."""
        asked = options["publicKey"]
        self.user_handle = websafe_decode(asked["user"]["id"])
        public = cbor.encode(ES256.from_cryptography_key(self.private.public_key()))
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + public
        data = self._authenticator_data(asked["rp"]["id"], self.flags | AT, attested)
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._envelope(
            {
                "clientDataJSON": websafe_encode(self._client_data("create", asked["challenge"], **more)),
                "attestationObject": websafe_encode(cbor.encode(statement)),
                "transports": ["internal"],
            },
            {"credProps": {"rk": self.discoverable}},
        )

    def get(self, options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """What ``navigator.credentials.get`` gives."""
        asked = options["publicKey"]
        client_data = self._client_data("get", asked["challenge"], **more)
        data = self._authenticator_data(asked["rpId"], self.flags)
        signature = self.private.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._envelope(
            {
                "clientDataJSON": websafe_encode(client_data),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
                "userHandle": websafe_encode(self.user_handle),
            },
            {},
        )

    def _envelope(self, response: dict[str, Any], extensions: dict[str, Any]) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        return {
            "type": "public-key",
            "id": name,
            "rawId": name,
            "authenticatorAttachment": "platform",
            "response": response,
            "clientExtensionResults": extensions,
        }

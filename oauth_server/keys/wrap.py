"""Private keys and kept secrets, encrypted at rest under the key-encryption key (AES-256-GCM, NIST SP 800-38D).

The key lives in a file and never in a setting, so that a settings dump or an error page cannot show it. Three keys are
derived from it (HKDF, RFC 5869), one a purpose: this encryption, the pepper of digests, and deterministic derivation.
"""

from __future__ import annotations

import base64
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from oauth_server.settings.environment import BadSetting
from oauth_server.settings.files import read_secret

_OCTETS: Final = 32
_NONCE: Final = 12
_TAG: Final = 16
# The first octet says how the rest is made, so that another scheme can follow without a flag day.
_VERSION: Final = b"\x01"


class WrapError(ValueError):
    """A ciphertext was changed, belongs to another context, or was made under another key-encryption key."""


@lru_cache(maxsize=64)
def _derived(file: Path, purpose: str) -> bytes:
    try:
        text = read_secret(file, "KEY_ENCRYPTION_KEY_FILE", make=False)
    except BadSetting as error:
        # The settings read the file at start; when it vanishes later, a request must fail and not the process end.
        raise ImproperlyConfigured(str(error)) from None
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return HKDF(SHA256(), _OCTETS, salt=None, info=f"gatehouse {purpose}".encode()).derive(octets)


def derived_key(purpose: str) -> bytes:
    """The 32-octet key for one purpose.

    Raises:
        ImproperlyConfigured: the key-encryption key's file is missing or malformed.
    """
    return _derived(settings.KEY_ENCRYPTION_KEY_FILE, purpose)


@lru_cache(maxsize=8)
def _cipher(file: Path) -> AESGCM:
    return AESGCM(_derived(file, "wrap"))


def _aesgcm() -> AESGCM:
    return _cipher(settings.KEY_ENCRYPTION_KEY_FILE)


def forget() -> None:
    """Read the file again at the next use: after it changed, and between tests."""
    _derived.cache_clear()
    _cipher.cache_clear()


def wrap(plaintext: bytes, context: str) -> bytes:
    """Encrypt ``plaintext`` so that it opens only in the same ``context``.

    Args:
        plaintext: what must not be readable in a database dump.
        context: what it belongs to, like ``signing-key:<kid>``; bound as additional authenticated data, so that a row's
            ciphertext cannot be moved to another row.
    """
    nonce = secrets.token_bytes(_NONCE)
    return _VERSION + nonce + _aesgcm().encrypt(nonce, plaintext, _VERSION + context.encode())


def unwrap(ciphertext: bytes, context: str) -> bytes:
    """What ``wrap`` was given.

    Raises:
        WrapError: the ciphertext was changed, belongs elsewhere, or was made under another key-encryption key.
    """
    ciphertext = bytes(ciphertext)
    if len(ciphertext) < 1 + _NONCE + _TAG or ciphertext[:1] != _VERSION:
        raise WrapError("This is not a wrapped secret.")
    nonce, sealed = ciphertext[1 : 1 + _NONCE], ciphertext[1 + _NONCE :]
    try:
        return _aesgcm().decrypt(nonce, sealed, _VERSION + context.encode())
    except InvalidTag:
        raise WrapError(
            "A wrapped secret does not open: it was changed, or KEY_ENCRYPTION_KEY_FILE is another key."
        ) from None

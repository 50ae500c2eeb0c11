"""Encryption at rest under the key-encryption key (scorecard X-03)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings as live
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from oauth_server.keys import wrap as module
from oauth_server.keys.wrap import WrapError, unwrap, wrap


@pytest.fixture(autouse=True)
def _the_file_is_read_again() -> Iterator[None]:
    module.forget()
    yield
    module.forget()


def _other_key(tmp_path: Path, name: str = "other") -> Path:
    file = tmp_path / name
    file.write_bytes(base64.urlsafe_b64encode(secrets.token_bytes(32)))
    return file


@given(st.binary(max_size=2_000))
@hypothesis.settings(deadline=None)
def test_what_is_wrapped_opens_in_its_context(plaintext: bytes) -> None:
    """AES-256-GCM: there and back, never twice the same, nothing readable."""
    sealed = wrap(plaintext, "signing-key:a")
    assert unwrap(sealed, "signing-key:a") == plaintext
    assert wrap(plaintext, "signing-key:a") != sealed
    assert len(plaintext) < 4 or plaintext not in sealed


def test_a_ciphertext_does_not_open_in_another_context() -> None:
    """A row's private key cannot be moved to another row: the context is additional authenticated data."""
    with pytest.raises(WrapError):
        unwrap(wrap(b"secret", "signing-key:a"), "signing-key:b")


def test_every_changed_octet_is_noticed() -> None:
    """NIST SP 800-38D: version, nonce, ciphertext and tag are all authenticated."""
    sealed = wrap(b"secret", "x")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises(WrapError):
            unwrap(bytes(broken), "x")


@pytest.mark.parametrize(
    "sealed", [b"", b"\x01", b"\x01" * 28, b"\x02" * 60, b"plain text that is long enough to be one"]
)
def test_what_is_no_ciphertext_is_refused(sealed: bytes) -> None:
    """One exception for all of them."""
    with pytest.raises(WrapError):
        unwrap(sealed, "x")


def test_another_key_encryption_key_opens_nothing(settings: Settings, tmp_path: Path) -> None:
    """The error names the setting, so that an operator knows which file to look at."""
    sealed = wrap(b"secret", "x")
    settings.KEY_ENCRYPTION_KEY_FILE = _other_key(tmp_path)
    with pytest.raises(WrapError, match="KEY_ENCRYPTION_KEY_FILE"):
        unwrap(sealed, "x")


@pytest.mark.parametrize("content", [None, b"", b"c2hvcnQ", b"not base64url at all!", b"\xff\xfe"])
def test_a_missing_or_malformed_file_is_one_clear_error(
    settings: Settings, tmp_path: Path, content: bytes | None
) -> None:
    """It names the setting and the file, and nothing of what is in it."""
    file = tmp_path / "kek"
    if content is not None:
        file.write_bytes(content)
    settings.KEY_ENCRYPTION_KEY_FILE = file
    with pytest.raises(ImproperlyConfigured, match="KEY_ENCRYPTION_KEY_FILE") as error:
        wrap(b"secret", "x")
    assert str(file) in str(error.value)
    assert "c2hvcnQ" not in str(error.value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in (*value.keys(), *value.values()):
            yield from _texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str | bytes | Path):
        yield str(value)


def test_the_key_is_no_setting() -> None:
    """Scorecard X-03: a settings dump or an error page cannot show it."""
    text = Path(live.KEY_ENCRYPTION_KEY_FILE).read_text().strip().rstrip("=")
    values = [getattr(live, name) for name in dir(live) if name.isupper()]
    assert not [value for value in _texts(values) if text in value]


def test_the_keys_of_different_purposes_differ() -> None:
    """RFC 5869 §3.2: one derived key a purpose."""
    assert len({module.derived_key(purpose) for purpose in ("wrap", "pepper", "derive refresh", "derive")}) == 4

"""Random values: their form, their entropy, and what is stored in their place (RFC 6749 §10.10; scorecard T-09)."""

from __future__ import annotations

import re
import zlib
from collections import Counter

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_server.keys import secrets
from oauth_server.keys.secrets import Kind, derive, digest, fingerprint, mint, well_formed

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _base62(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + DIGITS.index(digit)
    return value


@pytest.mark.parametrize("kind", Kind)
def test_a_scanner_can_check_a_value_without_us(kind: Kind) -> None:
    """The documented form: gth_, kind, base62, and six digits of CRC-32 over all that comes before."""
    value = mint(kind)
    match = re.fullmatch(r"(gth_([a-z]{2,3})_[0-9A-Za-z]{43,65})([0-9A-Za-z]{6})", value)
    assert match is not None
    assert match[2] == kind
    assert _base62(match[3]) == zlib.crc32(match[1].encode())
    assert well_formed(value, kind)


def test_ten_thousand_values_are_distinct_and_even() -> None:
    """At least 160 bits: no duplicate, and every position but the first uses every digit equally (chi-square)."""
    values = [mint("at") for _ in range(10_000)]
    assert len(set(values)) == len(values)
    assert {len(value) for value in values} == {len("gth_at_") + 43 + 6}
    for position in range(1, 43):
        counts = Counter(value[len("gth_at_") + position] for value in values)
        expected = len(values) / 62
        chi_square = sum((counts[digit] - expected) ** 2 / expected for digit in DIGITS)
        # 61 degrees of freedom: beyond 140 lies less than one sample in ten million.
        assert chi_square < 140


def test_a_client_secret_is_long_enough_for_every_hmac() -> None:
    """RFC 7518 §3.2: HS512 wants at least 64 octets."""
    assert len(mint("cs")) >= 64


@given(kind=st.sampled_from(Kind), data=st.data())
@hypothesis.settings(deadline=None)
def test_one_wrong_character_is_noticed_without_a_query(kind: Kind, data: st.DataObject) -> None:
    """CRC-32 finds every single change."""
    value = mint(kind)
    place = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != value[place]))
    assert not well_formed(value[:place] + other + value[place + 1 :], kind)


@pytest.mark.parametrize(
    "value", ["", "gth_at_", "gth_rt_" + "0" * 49, "x" * 56, "gth_at_" + "é" * 49, "\ud800" * 56, "0" * 1_000_000]
)
def test_anything_else_is_not_ours(value: str) -> None:
    """A look-alike is refused by its form alone."""
    assert not well_formed(value, "at")


def test_a_value_of_one_kind_is_not_one_of_another() -> None:
    """A code is no token, whatever their digests say."""
    for kind in Kind:
        assert [other for other in Kind if well_formed(mint(kind), other)] == [kind]


def test_an_unknown_kind_is_a_mistake_of_ours() -> None:
    """The kinds are a closed list."""
    with pytest.raises(ValueError, match="zz"):
        mint("zz")


def test_the_same_entropy_makes_the_same_value() -> None:
    """A retried refresh gets the value again that was made for it, though only its digest was kept."""
    entropy = derive("refresh", "parent")
    assert mint("rt", entropy) == mint("rt", entropy)
    assert mint("rt", entropy) != mint("rt", derive("refresh", "other"))
    assert derive("refresh", "parent") != derive("access", "parent")
    with pytest.raises(ValueError, match="32 octets"):
        mint("rt", b"short")


def test_a_digest_needs_the_pepper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scorecard L-02: with another key-encryption key the same value has another digest; a dump alone is of no use."""
    before = digest("value")
    assert len(before) == 32
    assert digest("value") == before
    monkeypatch.setattr(secrets, "derived_key", lambda purpose: b"another" + purpose.encode())
    assert digest("value") != before


@pytest.mark.parametrize("value", ["", "é", "\ud800", "a" * 100_000, "\0"])
def test_any_text_has_a_digest(value: str) -> None:
    """Operators choose secrets too, and attackers send anything."""
    assert len(digest(value)) == 32


def test_a_fingerprint_keeps_its_parts_apart() -> None:
    """A replayed identifier cannot be hidden by moving characters from one part to the next."""
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("a", "") != fingerprint("a")
    assert fingerprint("a", "b") == fingerprint("a", "b")

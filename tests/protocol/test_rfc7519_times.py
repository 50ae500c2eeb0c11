"""RFC 7519 §4.1.4 to §4.1.6: when a JWT is in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from oauth_server.jose.errors import ExpiredError, JoseError
from oauth_server.jose.verify import check_times

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AT = int(NOW.timestamp())
SKEW = 30


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": AT + 1}, {"exp": AT - 29}, {"exp": AT + 0.5}, {"exp": AT + 60, "nbf": AT + 30, "iat": AT + 30},
        {"exp": AT + 330, "iat": AT - 330}, {"exp": AT + 1, "nbf": 0} | {"nbf": AT - 330},
    ],
)  # fmt: skip
def test_in_force(claims: dict[str, Any]) -> None:
    """The skew is the other side's clock."""
    check_times(claims, NOW, SKEW, max_age=300)


@pytest.mark.parametrize(
    "claims",
    [
        {}, {"iat": AT}, {"exp": AT + 60, "nbf": AT + 31}, {"exp": AT + 60, "iat": AT + 31}, {"exp": AT + 331}, {"exp": AT + 60, "iat": AT - 331},
        {"exp": AT + 60, "nbf": AT - 331}, {"exp": True}, {"exp": "1"}, {"exp": float("inf")}, {"exp": AT + 60, "iat": float("nan")},
    ],
)  # fmt: skip
def test_not_in_force(claims: dict[str, Any]) -> None:
    """Without an end, in the future, too long, too old, or not a time."""
    with pytest.raises(JoseError) as refusal:
        check_times(claims, NOW, SKEW, max_age=300)
    assert not isinstance(refusal.value, ExpiredError)


@pytest.mark.parametrize("exp", [AT - 30, AT - 31, 0])
def test_expired_is_told_apart(exp: int) -> None:
    """RFC 7519 §4.1.4: on or after. An ID token hint may be expired, and nothing else."""
    with pytest.raises(ExpiredError):
        check_times({"exp": exp}, NOW, SKEW)


def test_an_end_is_optional_only_where_the_caller_says_so() -> None:
    """RFC 9101 §4 leaves exp to the profile."""
    check_times({}, NOW, SKEW, require_exp=False)

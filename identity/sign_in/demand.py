"""What somebody asks of a sign-in, and what of it is still missing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from identity.sign_in.assurance import FIRST, LEVELS, Gap, Proof, acr_of, fresh, gap, reachable, satisfies

_WEAKEST: Final = next(iter(LEVELS))


@dataclass(frozen=True, slots=True)
class Demand:
    """What an application, or an operator in its name, asks of a sign-in.

    Attributes:
        required: each is a list of levels of which one must be reached.
        wished: levels of which one would be liked, if the person can reach it.
        since: how old a proof may be at most; None for any age.
    """

    required: tuple[tuple[str, ...], ...] = ()
    wished: tuple[str, ...] = ()
    since: datetime | None = None

    def counted(self, proofs: Collection[Proof]) -> tuple[Proof, ...]:
        """The proofs that are young enough."""
        return fresh(proofs, self.since)

    def is_met(self, proofs: Collection[Proof]) -> bool:
        """Is everything there that must be?"""
        counted = self.counted(proofs)
        acr = acr_of(counted)
        return not gap(counted, _WEAKEST) and all(_reaches(acr, levels) for levels in self.required)

    def can_be_met(self, ways: Collection[str]) -> bool:
        """Could somebody with these ways do it?"""
        levels = reachable(ways)
        return all(levels.intersection(_known(needed)) for needed in self.required)

    def missing(self, proofs: Collection[Proof], ways: Collection[str]) -> Gap:
        """The least that must be done; what is only wished counts when the person can do it.

        Args:
            proofs: of the sign-in.
            ways: what the person has.
        """
        counted, levels = self.counted(proofs), reachable(ways)
        acr = acr_of(counted)
        lists = [needed for needed in self.required if not _reaches(acr, needed)]
        if self.wished and not _reaches(acr, self.wished):
            lists.append(tuple(level for level in self.wished if level in levels))
        least = [_smallest(counted, needed, levels) for needed in lists]
        first = gap(counted, _WEAKEST)
        return Gap(first.factors.union(*(one.factors for one in least)), any(one.key for one in least))


def _known(levels: Sequence[str]) -> list[str]:
    return [level for level in levels if level in LEVELS]


def _reaches(acr: str, levels: Sequence[str]) -> bool:
    return any(satisfies(acr, level) for level in levels)


def _smallest(proofs: Collection[Proof], levels: Sequence[str], possible: Collection[str]) -> Gap:
    """Of the levels that would do, the one with the least left to do; those that the person can reach go first."""
    candidates = [level for level in _known(levels) if level in possible] or _known(levels)
    gaps = [gap(proofs, level) for level in candidates]
    return min(gaps, key=lambda one: len(one.factors) + one.key, default=Gap())


def wants_first(missing: Gap) -> bool:
    """Must the person sign in again from the start?"""
    return FIRST in missing.factors

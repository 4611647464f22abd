"""How sure a match is (R4 `valueset-match-grade.html`, pure)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from fhir_server.interactions.matching.comparing import Evidence, compare, weigh
from fhir_server.interactions.matching.person import Person

CERTAIN: Final = 12
"""4096 to 1: family name, given name and day of birth all agree, or an identifier and a name."""
PROBABLE: Final = 4
"""16 to 1: one of them is a little different."""
POSSIBLE: Final = -3
"""1 to 8, which is a family and given name alone: worth a look."""
_LARGEST: Final = 60
_DIGITS: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison comes to."""

    weight: int
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> Decimal:
        """The probability that stands behind the weight."""
        odds = Decimal(2) ** max(-_LARGEST, min(self.weight, _LARGEST))
        return (odds / (odds + 1)).quantize(_DIGITS)

    @property
    def grade(self) -> str:
        steps = ((CERTAIN, "certain"), (PROBABLE, "probable"), (POSSIBLE, "possible"))
        return next((grade for least, grade in steps if self.weight >= least), "certainly-not")

    @property
    def denies(self) -> bool:
        """An identifier says that they are one, and all else that they are not."""
        same = Evidence("identifier", "same") in self.evidence
        return same and self.grade == "certainly-not"


def judge(one: Person, other: Person) -> Verdict:
    """Symmetric."""
    evidence = compare(one, other)
    return Verdict(weigh(evidence), evidence)


def is_enough(of: Person) -> bool:
    """Whether so little could be a match of anybody's."""
    return judge(of, of).weight >= POSSIBLE

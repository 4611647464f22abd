"""`Patient/$match`: who of the Patients here is this? (R4 `operation-patient-match.html`)

Candidates come from searches that an index bounds, under the caller's own policy; each is weighed
by `interactions.matching` and given with its score, its grade and what speaks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

from fhir_server.interactions.call import Call
from fhir_server.interactions.checked import raise_problems
from fhir_server.interactions.matching.candidates import searches
from fhir_server.interactions.matching.grading import Verdict, is_enough, judge
from fhir_server.interactions.matching.person import person
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.pages import bundle, outcome_entry, scored_entry
from fhir_server.interactions.reply import Reply
from fhir_server.outcome import Category, Issue, error
from fhir_server.search.expression import Expression
from fhir_server.store.versions import StoredVersion
from resources import fhir_json
from resources.fhir_json import Resource
from resources.validation import validate

MOST: Final = 200
"""Candidates who share one thing with the person; who shares two is found by either."""
_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
_EVIDENCE: Final = "https://fhir-server.example/StructureDefinition/match-evidence"
_NEEDED: Final = (
    "$match needs more to go by: an identifier with its system, family and given name, the day of "
    "birth with a name or postal code, or a phone number or mail address with a name."
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A Patient that was compared."""

    stored: StoredVersion
    patient: Resource
    verdict: Verdict

    @property
    def rank(self) -> tuple[int, bool, str]:
        return -self.verdict.weight, bool(self.replacements), self.stored.logical_id

    @property
    def is_certain(self) -> bool:
        return self.verdict.grade == "certain" and not self.replacements

    @property
    def grade(self) -> str:
        """`Patient.link`: "The patient resource containing this link must no longer be used"."""
        is_replaced = self.verdict.grade == "certain" and self.replacements
        return "probable" if is_replaced else self.verdict.grade

    @property
    def replacements(self) -> list[str]:
        links: list[Resource] = self.patient.get("link", [])
        replaced = (one["other"] for one in links if one.get("type") == "replaced-by")
        return [other.get("reference", "another Patient") for other in replaced]


async def match(call: Call, given: Input) -> Reply:
    """A searchset, best first. With `onlyCertainMatches` the one that is certain; none where
    several are ("then the match should not return the results with this flag set to true")."""
    patient = _reference_data(given.one("resource"))
    most = _most(call, given.one("count"))
    found, notes = await _candidates(call, patient)
    found = [one for one in found if one.grade != "certainly-not" or one.verdict.denies]
    shown, issues = found, [*notes]
    if given.one("onlyCertainMatches"):
        shown, more = _only_certain(found)
        issues += more
    issues += _doubtful(shown[:most])
    base_url = call.service.base_url
    entries = [scored_entry(base_url, one.stored, _search(one)) for one in shown[:most]]
    entries += [outcome_entry(issues)] if issues else []
    links = [("self", f"{base_url}/Patient/$match")]
    return Reply(200, bundle("searchset", links, entries, len(shown)))


# ---- what is asked -----------------------------------------------------------------------------


def _reference_data(resource: Resource) -> Resource:
    """A Patient that "does not have to be complete" but "has to be a valid instance". Raises
    INVALID, "BadRequest", for "insufficient properties in patient fragment" too."""
    kind = resource.get("resourceType")
    if kind != "Patient":
        text = f"resource: $match compares a Patient, not a {kind!r:.60}."
        raise error(Category.INVALID, text, "resourceType")
    raise_problems([one for one in validate(resource) if one.code != "required"])
    if not is_enough(person(resource)):
        raise error(Category.INVALID, _NEEDED, "Patient")
    return resource


def _most(call: Call, count: int | None) -> int:
    if count is not None and count < 1:
        raise error(Category.INVALID, f"count={count}: it is a number, 1 or more.")
    return min(count or call.service.default_count, call.service.max_count)


# ---- who it may be -----------------------------------------------------------------------------


async def _candidates(call: Call, patient: Resource) -> tuple[list[_Candidate], list[Issue]]:
    """All who were compared, best first; and where there were too many to be."""
    wanted = searches(patient)
    batches = await asyncio.gather(*(_find(call, where) for where in wanted.values()))
    stored = {one.logical_id: one for batch in batches for one in batch[:MOST]}
    known = person(patient)
    compared: list[_Candidate] = []
    for one in stored.values():
        other = cast(Resource, fhir_json.parse(one.json))
        compared.append(_Candidate(one, other, judge(known, person(other))))
    cut = [what for what, batch in zip(wanted, batches, strict=True) if len(batch) > MOST]
    return sorted(compared, key=lambda one: one.rank), [_cut(what) for what in cut]


async def _find(call: Call, where: Expression) -> Sequence[StoredVersion]:
    return await call.store.find("Patient", where, MOST + 1)


def _cut(what: str) -> Issue:
    text = f"More than {MOST} Patients share {what}; not all of them were compared."
    return Issue("information", "incomplete", text)


# ---- what is told ------------------------------------------------------------------------------


def _only_certain(found: list[_Candidate]) -> tuple[list[_Candidate], list[Issue]]:
    """The one that is certain, and "a count of records that were close but eliminated"."""
    certain = [one for one in found if one.is_certain]
    if len(certain) > 1:
        text = f"{len(certain)} Patients are certain matches, so that none of them is given."
        return [], [Issue("warning", "multiple-matches", text)]
    if close := len(found) - len(certain):
        text = f"{close} Patients were close, and are left out since they are not certain."
        return certain, [Issue("information", "informational", text)]
    return certain, []


def _doubtful(shown: Sequence[_Candidate]) -> Iterator[Issue]:
    """Records that are not to be used as they are (R4 `patient.html` 8.1.3)."""
    for one in shown:
        name = f"Patient/{one.stored.logical_id}"
        for other in one.replacements:
            text = f"{name} was replaced by {other}, which is to be used in its place."
            yield Issue("information", "informational", text)
        if one.patient.get("active") is False and not one.replacements:
            text = f"{name} is not in active use."
            yield Issue("information", "informational", text)


def _search(one: _Candidate) -> dict[str, object]:
    why = "; ".join(map(str, one.verdict.evidence))
    return {
        "extension": [
            {"url": _GRADE, "valueCode": one.grade},
            {"url": _EVIDENCE, "valueString": why},
        ],
        "mode": "match",
        "score": one.verdict.score,
    }

"""The requests that are measured, each once for the server and once for its floor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any, Final

from resources.fhir_json import Resource, dump
from tests.bench.records import MEASURES, Clinic, Named
from tests.bench.wire import render

POPULATION_SEED: Final = 1
_SEED: Final = 2
CALLERS: Final = 40
"""Patients whose apps call."""
BODIES: Final = 64
"""Different Observations that are created."""
BUNDLES: Final = 4
SMALL_BUNDLE: Final = 100
LARGE_BUNDLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Load:
    """How hard a shape is driven: so many at once, until seconds or number are up."""

    concurrency: int
    seconds: float
    most: int = 1_000_000
    rounds: int | None = None
    """Fewer rounds than the others, where one takes long."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of request."""

    name: str
    server: tuple[bytes, ...]
    floor: tuple[bytes, ...]
    status: int
    resources: int
    """Figures are for each of these: one of a request, or the entries of a transaction."""
    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """A patient whose app calls, and some of what is in the record."""

    patient: Named
    encounter: Named
    observations: tuple[Named, ...]


def callers(patients: int) -> list[Caller]:
    """The first patients of the population, which is made once more to know their ids."""
    made = list(Clinic(POPULATION_SEED).population(patients))
    people = made[: min(CALLERS, patients)]
    found: dict[str, list[Named]] = {f"Patient/{one.logical_id}": [] for one in people}
    for one in made:
        subject = one.resource.get("subject", {}).get("reference")
        if subject in found and one.type_name in ("Encounter", "Observation"):
            found[subject].append(one)
    return [Caller(one, *_taken(found[f"Patient/{one.logical_id}"])) for one in people]


def _taken(record: Sequence[Named]) -> tuple[Named, tuple[Named, ...]]:
    observations = [one for one in record if one.type_name == "Observation"]
    return record[0], tuple(observations)


def reads(people: Sequence[Caller], tokens: Sequence[str], loads: tuple[Load, ...]) -> Shape:
    """A patient's app reads the Patient, and Observations of the record."""
    chance = Random(_SEED)
    server: list[bytes] = []
    floor: list[bytes] = []
    for caller, token in zip(people, tokens, strict=True):
        for target in (caller.patient, *chance.sample(caller.observations, 9)):
            place = f"{target.type_name}/{target.logical_id}"
            server.append(render("GET", f"/fhir/{place}", token))
            floor.append(render("GET", f"/read/{caller.patient.logical_id}/{place}", token))
    return _shuffled(Shape("read", tuple(server), tuple(floor), 200, 1, loads))


def searches(people: Sequence[Caller], tokens: Sequence[str], loads: tuple[Load, ...]) -> Shape:
    """The newest 20 of one code."""
    server: list[bytes] = []
    floor: list[bytes] = []
    for caller, token in zip(people, tokens, strict=True):
        for measure in MEASURES:
            patient, code = caller.patient.logical_id, measure.code
            query = f"patient={patient}&code=http://loinc.org|{code}&_sort=-date&_count=20"
            server.append(render("GET", f"/fhir/Observation?{query}", token))
            floor.append(render("GET", f"/search/{patient}/{code}", token))
    return _shuffled(Shape("search", tuple(server), tuple(floor), 200, 1, loads))


def creates(people: Sequence[Caller], tokens: Sequence[str], loads: tuple[Load, ...]) -> Shape:
    """A patient's app writes an Observation."""
    server: list[bytes] = []
    floor: list[bytes] = []
    for number, (index, made) in enumerate(bodies(people)):
        body = dump(made.resource)
        server.append(render("POST", "/fhir/Observation", tokens[index], body))
        floor.append(render("POST", f"/create/{number}", tokens[index], body))
    return Shape("create", tuple(server), tuple(floor), 201, 1, loads)


def transactions(size: int, token: str, loads: tuple[Load, ...]) -> Shape:
    """A new patient's record in one transaction, its links `urn:uuid:`."""
    server: list[bytes] = []
    floor: list[bytes] = []
    entries = 0
    for number in range(BUNDLES):
        record = list(bundle_record(size, number, "urn:uuid:{logical_id}"))
        entries = len(record)
        body = dump(_transaction(record))
        server.append(render("POST", "/fhir", token, body))
        floor.append(render("POST", f"/transaction/{size}/{number}", token, body))
    return Shape(f"transaction of {entries}", tuple(server), tuple(floor), 200, entries, loads)


def bodies(people: Sequence[Caller]) -> Iterator[tuple[int, Named]]:
    """Observations to be created, each with the index of the caller in whose record it is."""
    clinic = Clinic(_SEED)
    for number in range(BODIES):
        index = number % len(people)
        caller = people[index]
        measure = MEASURES[number % len(MEASURES)]
        yield index, clinic.observation(caller.patient, caller.encounter, measure, number % 14)


def bundle_record(size: int, number: int, reference: str) -> Iterator[Named]:
    """The resources of one bundle, referring to each other in this way."""
    return islice(Clinic(_SEED + 1 + number, reference).record(size + 30), size)


def _transaction(record: Sequence[Named]) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_entry(one) for one in record],
    }


def _entry(one: Named) -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{one.logical_id}",
        "resource": one.resource,
        "request": {"method": "POST", "url": one.type_name},
    }


def _shuffled(shape: Shape) -> Shape:
    order = list(range(len(shape.server)))
    Random(_SEED).shuffle(order)
    return Shape(
        shape.name,
        tuple(shape.server[index] for index in order),
        tuple(shape.floor[index] for index in order),
        shape.status,
        shape.resources,
        shape.loads,
    )

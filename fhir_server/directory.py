"""Who signs in, and whose record they may open: read from the stored resources."""

from __future__ import annotations

from typing import Any, cast

from fhir_server.outcome import Category, FhirError
from fhir_server.search.query import parse_search
from fhir_server.store import Database, UnrestrictedStore
from resources import fhir_json
from resources.fhir_json import Resource
from resources.references import parse_reference
from smart_auth.directory import PatientChoice, Person
from smart_auth.storage import StorageUnavailable


class RecordDirectory:
    """Reads names, and whose representative someone is, from the stored resources."""

    def __init__(self, database: Database) -> None:
        self._store = UnrestrictedStore(database, "sign-in shows names of patients")

    async def describe(self, fhir_user: str) -> Person | None:
        """The person behind a `fhirUser`; None where the record knows nobody of that id."""
        type_name, _, logical_id = fhir_user.partition("/")
        resource = await self._read(type_name, logical_id)
        if resource is None:
            return None
        name = display_name(resource) or fhir_user
        match type_name:
            case "Patient":
                return Person(fhir_user, name, (logical_id,))
            case "RelatedPerson":
                return Person(fhir_user, name, _represented(resource))
            case "Practitioner":
                return Person(fhir_user, name, any_patient=True)
            case _:
                return Person(fhir_user, name)

    async def patients(self, fhir_user: str, text: str | None, limit: int) -> list[PatientChoice]:
        """Those this person may open: each word begins some part of the name."""
        person = await self.describe(fhir_user)
        if person is None:
            return []
        if not person.any_patient:
            found = [await self._read("Patient", patient) for patient in person.patients]
            return [_choice(patient) for patient in found if patient is not None]
        query = parse_search(
            self._store.catalogue,
            "Patient",
            [*(("name", word) for word in (text or "").split()), ("_sort", "name")],
            strict=True,
            default_count=limit,
            max_count=limit,
        )
        page = await self._store.search(query)
        return [_choice(cast(Resource, fhir_json.parse(match.json))) for match in page.matches]

    async def patient_exists(self, patient_id: str) -> bool:
        return await self._read("Patient", patient_id) is not None

    async def _read(self, type_name: str, logical_id: str) -> Resource | None:
        try:
            version = await self._store.read(type_name, logical_id)
        except FhirError as problem:
            if problem.category in (Category.NOT_FOUND, Category.GONE):
                return None
            if problem.category is Category.UNAVAILABLE:
                raise StorageUnavailable("the record") from problem
            raise
        return cast(Resource, fhir_json.parse(version.json))


def display_name(resource: Resource) -> str:
    """The name to call someone by: the official or usual one, else the first."""
    names = cast(list[dict[str, Any]], resource.get("name") or [])
    ranked = sorted(names, key=lambda name: _RANK.get(name.get("use", ""), 2))
    if not ranked:
        return ""
    chosen = ranked[0]
    if "text" in chosen:
        return str(chosen["text"])
    parts = [*chosen.get("prefix", []), *chosen.get("given", []), chosen.get("family", "")]
    return " ".join(part for part in parts if isinstance(part, str) and part)


_RANK = {"usual": 0, "official": 1, "old": 3, "maiden": 3}


def _represented(related: Resource) -> tuple[str, ...]:
    """The patient whom an active RelatedPerson acts for."""
    if related.get("active") is False:
        return ()
    reference = cast(dict[str, Any], related.get("patient") or {}).get("reference")
    parsed = parse_reference(reference) if isinstance(reference, str) else None
    if parsed is None or parsed.type_name != "Patient" or parsed.logical_id is None:
        return ()
    return (parsed.logical_id,)


def _choice(patient: Resource) -> PatientChoice:
    return PatientChoice(
        str(patient["id"]), display_name(patient) or str(patient["id"]), patient.get("birthDate")
    )

"""The demo record is sound R4, holds together, tells what a portal shows, and does not age."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from fhir.resources.R4B import get_fhir_model_class

import seed_bundles
from resources import fhir_json
from resources.access_table import members
from resources.validation import validate
from seed_bundles.authoring.__main__ import bundles as composed
from seed_bundles.authoring.__main__ import text as composed_text
from seed_bundles.authoring.elements import ANCHOR

Resource = dict[str, Any]

PEOPLE = [person["patient"] for person in seed_bundles.manifest()["people"]]
PROFILES = Path(__file__).parents[3] / "shared/data/definitions/us-core"


def resources_on(today: date) -> list[Resource]:
    return [
        entry["resource"]
        for _, text in seed_bundles.bundles(today)
        for entry in json.loads(text, parse_float=Decimal)["entry"]
    ]


RECORD = resources_on(ANCHOR)
BY_REFERENCE = {f"{each['resourceType']}/{each['id']}": each for each in RECORD}


def of(type_name: str, record: list[Resource] = RECORD) -> list[Resource]:
    return [each for each in record if each["resourceType"] == type_name]


def values(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every primitive value with the name of its element."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, name)
    else:
        yield name, node


def test_bundles_are_what_the_authoring_composes() -> None:
    written = [(bundle.name, composed_text(bundle).encode()) for bundle in composed()]
    assert list(seed_bundles.bundles(ANCHOR)) == written


def test_record_is_small() -> None:
    folder = Path(seed_bundles.__file__).parent
    packed = sum(each.stat().st_size for each in folder.glob("*.json.gz"))
    assert packed < 200_000
    assert {each.name for each in folder.glob("*.json.gz")} == {
        f"{name}.json.gz" for name in seed_bundles.manifest()["bundles"]
    }


def test_entries_are_puts_under_their_own_readable_id() -> None:
    for _, text in seed_bundles.bundles(ANCHOR):
        for entry in json.loads(text)["entry"]:
            resource = entry["resource"]
            url = f"{resource['resourceType']}/{resource['id']}"
            assert entry["request"] == {"method": "PUT", "url": url}
            assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", resource["id"])
    assert len(BY_REFERENCE) == len(RECORD)


def test_every_reference_leads_to_a_resource_of_the_record() -> None:
    targets = {value for name, value in values(RECORD) if name == "reference"}
    urls = {each["content"][0]["attachment"]["url"] for each in of("DocumentReference")}
    assert (targets | urls) - BY_REFERENCE.keys() == set()


def test_every_resource_fits_the_models() -> None:
    for resource in RECORD:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_every_resource_passes_the_servers_own_validation() -> None:
    problems = [
        (name, problem)
        for name, text in seed_bundles.bundles(ANCHOR)
        for entry in cast("Resource", fhir_json.parse(text))["entry"]
        for problem in validate(entry["resource"])
    ]
    assert problems == []


@pytest.mark.parametrize("name", seed_bundles.manifest()["bundles"])
def test_chart_is_in_its_patients_record_and_the_clinic_in_nobodys(name: str) -> None:
    """The bundle of a person holds that person's record and nothing of another's."""
    patients = set() if name.startswith("clinic-") else {name}
    entries = json.loads(dict(seed_bundles.bundles(ANCHOR))[name])["entry"]
    strays = [
        entry["request"]["url"] for entry in entries if set(members(entry["resource"])) != patients
    ]
    assert strays == []


@pytest.mark.skipif(not PROFILES.exists(), reason="needs US Core's profiles in ../shared/data")
def test_claimed_profiles_have_their_required_elements() -> None:
    profiles: dict[str, Resource] = {}
    with gzip.open(PROFILES / "us-core-6.1.0-profiles.ndjson.gz") as lines:
        for line in lines:
            profile = json.loads(line)
            profiles[profile["url"]] = profile
    missing = [
        (resource["id"], element["path"])
        for resource in RECORD
        for url in resource.get("meta", {}).get("profile", [])
        for element in profiles[url]["snapshot"]["element"]
        if element["path"].count(".") == 1 and element["min"] > 0 and "sliceName" not in element
        if not _has(resource, element["path"].split(".")[1])
    ]
    assert missing == []


def _has(resource: Resource, name: str) -> bool:
    if name.endswith("[x]"):
        return any(key.startswith(name[:-3]) for key in resource)
    return name in resource


# --- what each person shows ------------------------------------------------------------------


def belonging(patient: str, record: list[Resource] = RECORD) -> list[Resource]:
    return [each for each in record if each["id"].startswith(patient.removeprefix("Patient/"))]


SHOWN = [
    ("mia-keller", "RelatedPerson", 1),
    ("mia-keller", "Immunization", 15),
    ("mia-keller", "AllergyIntolerance", 1),
    ("anna-keller", "Observation", 30),
    ("anna-keller", "Appointment", 6),
    ("rosa-alvarez", "Observation", 120),
    ("rosa-alvarez", "DiagnosticReport", 2),
    ("rosa-alvarez", "MedicationDispense", 3),
    ("rosa-alvarez", "Invoice", 2),
    ("margaret-osei", "CarePlan", 1),
    ("margaret-osei", "MedicationRequest", 12),
    ("margaret-osei", "Task", 2),
    ("margaret-osei", "Communication", 4),
    ("margaret-osei", "Provenance", 1),
    ("liam-novak", "QuestionnaireResponse", 1),
    ("liam-novak", "Consent", 1),
    ("walter-finch", "MedicationRequest", 11),
    ("walter-finch", "Device", 1),
    ("priya-raman", "Immunization", 5),
    ("priya-raman", "Appointment", 2),
]


@pytest.mark.parametrize(("person", "type_name", "least"), SHOWN)
def test_person_shows(person: str, type_name: str, least: int) -> None:
    assert len(of(type_name, belonging(person))) >= least


def test_healthy_person_has_no_conditions_and_no_medicines() -> None:
    types = {each["resourceType"] for each in belonging("priya-raman")}
    assert types.isdisjoint({"Condition", "MedicationRequest", "AllergyIntolerance"})


def test_medicines_are_active_stopped_completed_and_asked_again() -> None:
    asked = [each for each in of("MedicationRequest") if "priorPrescription" in each]
    assert {each["status"] for each in of("MedicationRequest")} >= {
        "active",
        "completed",
        "stopped",
    }
    assert len(asked) == 5
    for refill in asked:
        prior = BY_REFERENCE[refill["priorPrescription"]["reference"]]
        assert (prior["status"], prior["subject"]) == ("active", refill["subject"])
        assert prior["medicationCodeableConcept"] == refill["medicationCodeableConcept"]


def test_one_medicine_is_ordered_by_reference_to_a_medication() -> None:
    """H4: something for `_include=MedicationRequest:medication` to bring."""
    orders = [each for each in of("MedicationRequest") if "medicationReference" in each]
    assert [BY_REFERENCE[each["medicationReference"]["reference"]]["id"] for each in orders] == [
        "apixaban"
    ]


def test_therapy_is_labelled_restricted_and_nothing_else_is() -> None:
    labelled = [each for each in RECORD if each.get("meta", {}).get("security")]
    assert {"Condition", "DocumentReference", "Binary", "Communication", "MedicationRequest"} <= {
        each["resourceType"] for each in labelled
    }
    assert all(each["id"].startswith("liam-novak") for each in labelled)


def test_binaries_belong_to_their_patient() -> None:
    for binary in of("Binary"):
        patient = binary["securityContext"]["reference"]
        assert binary["id"].startswith(patient.removeprefix("Patient/"))


def test_values_outside_their_range_are_flagged() -> None:
    flags = Counter[str]()
    for each in of("Observation"):
        for bounds in each.get("referenceRange", []):
            value = each["valueQuantity"]["value"]
            flag = each["interpretation"][0]["coding"][0]["code"]
            flags[flag] += 1
            assert (flag == "H") == ("high" in bounds and value > bounds["high"]["value"])
            assert (flag == "L") == ("low" in bounds and value < bounds["low"]["value"])
    assert {"H", "L", "N"} <= flags.keys()


def test_decimals_keep_their_last_zero() -> None:
    texts = b"".join(text for _, text in seed_bundles.bundles(ANCHOR))
    assert b'"value":14250.00,"currency":"USD"' in texts
    assert re.search(rb'"value":7\.0,"unit":"%"', texts)


def test_logins_name_people_of_the_record_and_no_password() -> None:
    logins = seed_bundles.manifest()["logins"]
    assert all(login["fhirUser"] in BY_REFERENCE for login in logins)
    assert all(login.keys() == {"username", "fhirUser", "who"} for login in logins)
    silent = {"Patient/mia-keller", "Patient/hector-alvarez"}
    assert {login["fhirUser"] for login in logins} >= set(PEOPLE) - silent


# --- time ------------------------------------------------------------------------------------

DAYS = [ANCHOR + timedelta(days=days) for days in (0, 1, 6, 7, 100, 366, 3000, -40)]


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_moving_the_record_moves_dates_by_whole_weeks_and_nothing_else(today: date) -> None:
    weeks = seed_bundles.weeks_between(ANCHOR, today)
    assert timedelta(0) <= today - (ANCHOR + weeks) < timedelta(weeks=1)
    for (name, before), (moved_name, after) in zip(
        values(RECORD), values(resources_on(today)), strict=True
    ):
        if isinstance(before, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", before):
            assert date.fromisoformat(after[:10]) - date.fromisoformat(before[:10]) == weeks
            assert after[10:] == before[10:]
        else:
            assert (name, before) == (moved_name, after)


def test_dates_are_full_dates() -> None:
    """A year alone could not be moved by days."""
    dated = re.compile(
        r"(?:[dD]ate(?:Time)?|[pP]eriod|start|end|issued|recorded|sent|authored\w*)$"
    )
    for name, value in values(RECORD):
        if dated.search(name) and isinstance(value, str):
            assert re.match(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d-07:00)?$", value), (name, value)


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_booked_appointments_lie_ahead_and_past_ones_behind(today: date) -> None:
    for each in of("Appointment", resources_on(today)):
        if "start" in each and each["status"] != "cancelled":
            ahead = datetime.fromisoformat(each["start"]).date() > today
            assert ahead == (each["status"] == "booked"), each["id"]


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_every_calendar_has_free_slots_in_the_coming_two_weeks(today: date) -> None:
    record = resources_on(today)
    free = Counter(
        slot["schedule"]["reference"]
        for slot in of("Slot", record)
        if slot["status"] == "free"
        and today < datetime.fromisoformat(slot["start"]).date() <= today + timedelta(days=14)
    )
    assert set(free) == {f"Schedule/{each['id']}" for each in of("Schedule", record)}


def test_booked_appointments_hold_a_busy_slot_at_their_time() -> None:
    for each in of("Appointment"):
        if each["status"] == "booked":
            slot = BY_REFERENCE[each["slot"][0]["reference"]]
            assert (slot["status"], slot["start"], slot["end"]) == (
                "busy",
                each["start"],
                each["end"],
            )


def test_nothing_but_plans_and_bookings_lies_ahead() -> None:
    """What was measured, given or written happened before the record was taken."""
    planned = {"Appointment", "Slot", "Schedule", "CarePlan", "Goal", "Coverage", "Invoice"}
    for each in RECORD:
        if each["resourceType"] in planned or each["id"] == "anna-keller-due-date":
            continue
        for name, value in values(each):
            if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", value):
                assert date.fromisoformat(value[:10]) <= ANCHOR, (each["id"], name, value)

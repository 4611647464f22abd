"""The query shapes that a patient's app uses walk an index (issue 2, done when).

Each examines at most two documents for each one returned, plus two, without a blocking sort; with
the policy of everybody and with that of one patient.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from fhir_server.search.cursor import Position
from fhir_server.search.expression import Everything, Expression, Member
from fhir_server.search.filters import moment
from fhir_server.search.indexing import index_entry
from fhir_server.search.plan import INDEXES, MongoPlan, derived_fields, plan
from fhir_server.search.query import SearchQuery, parse_search
from resources.access_table import members
from tests.search.finding import CATALOGUE

Document = dict[str, Any]
Resource = dict[str, Any]

PATIENTS = 60
EACH = 60


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _day(chance: random.Random) -> str:
    return f"20{chance.randrange(10, 24)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"


def _resources() -> Iterator[Resource]:
    chance = random.Random(7)
    for number in range(PATIENTS):
        patient = {"reference": f"Patient/p{number}"}
        yield {
            "resourceType": "Patient",
            "id": f"p{number}",
            "gender": chance.choice(("male", "female")),
            "birthDate": _day(chance),
            "identifier": [{"system": "urn:mrn", "value": f"m{number}"}],
            "name": [{"family": f"Fam{number % 20:02}", "given": [f"Given{number % 7}"]}],
        }
        for each in range(EACH):
            name = f"{number}-{each}"
            kind = chance.choice(("vital-signs", "laboratory"))
            yield {
                "resourceType": "Observation",
                "id": f"o{name}",
                "status": chance.choice(("final", "final", "amended")),
                "category": [_coded("urn:category", kind)],
                "code": _coded("http://loinc.org", f"{kind[0]}{chance.randrange(4)}"),
                "subject": patient,
                "encounter": {"reference": f"Encounter/e{number}-{each % 5}"},
                "effectiveDateTime": _day(chance),
            }
            yield {
                "resourceType": "MedicationRequest",
                "id": f"m{name}",
                "status": chance.choice(("active", "completed", "stopped")),
                "intent": chance.choice(("order", "plan")),
                "medicationCodeableConcept": _coded("urn:rx", f"{each % 9}"),
                "subject": patient,
                "authoredOn": _day(chance),
            }
            start = f"{_day(chance)}T10:00:00Z"
            yield {
                "resourceType": "Appointment",
                "id": f"a{name}",
                "status": chance.choice(("booked", "fulfilled")),
                "start": start,
                "participant": [
                    {"actor": patient, "status": "accepted"},
                    {"actor": {"reference": f"Practitioner/d{each % 9}"}, "status": "accepted"},
                ],
            }
            yield {
                "resourceType": "Communication",
                "id": f"c{name}",
                "status": "completed",
                "subject": patient,
                "recipient": [{"reference": "Practitioner/d1"} if each % 6 else patient],
                "sent": start,
            }
            yield {
                "resourceType": "Slot",
                "id": f"s{name}",
                "schedule": {"reference": f"Schedule/d{each % 9}"},
                "status": chance.choice(("free", "busy")),
                "start": start,
            }


def _stays() -> Iterator[Resource]:
    """What lasts for weeks, so that most of it hangs over the end of a month."""
    for number in range(240):
        start = date(2018, 1, 1) + timedelta(days=number // 2)
        end = start + timedelta(days=20)
        yield {
            "resourceType": "Observation",
            "id": f"stay{number}",
            "status": "final",
            "code": _coded("http://loinc.org", "stay"),
            "subject": {"reference": "Patient/p7"},
            "effectivePeriod": {"start": start.isoformat(), "end": end.isoformat()},
        }


@pytest.fixture(scope="module")
def database(mongodb_uri: str) -> Iterator[Database[Document]]:
    client: MongoClient[Document] = MongoClient(mongodb_uri, tz_aware=True)
    with client:
        found = client[f"explain_{uuid4().hex[:8]}"]
        batches: dict[str, list[Document]] = {}
        for number, resource in enumerate(chain(_resources(), _stays())):
            entry = index_entry(CATALOGUE, resource, members(resource))
            document = {"_id": resource["id"], "t": moment(number // 50), **derived_fields(entry)}
            batches.setdefault(resource["resourceType"], []).append(document)
        for name, documents in batches.items():
            for index in INDEXES(name):
                found[name].create_index(list(index.fields), name=index.name)
            found[name].insert_many(documents)
        yield found
        client.drop_database(found.name)


def _find(planned: MongoPlan) -> Document:
    command: Document = {"filter": planned.filter, "limit": planned.limit}
    if planned.sort:
        command["sort"] = dict(planned.sort)
    if planned.hint:
        command["hint"] = planned.hint
    if planned.low is not None and planned.high is not None:
        command |= {"min": dict(planned.low), "max": dict(planned.high)}
    return command


def _stages(stage: Document) -> Iterator[str]:
    yield stage["stage"]
    inner = stage.get("inputStages", [stage["inputStage"]] if "inputStage" in stage else [])
    for each in inner:
        yield from _stages(each)


def _costs(
    database: Database[Document], query: SearchQuery, policy: Expression, after: Position | None
) -> tuple[int, int, set[str]]:
    planned = plan(query, policy, after)
    command = {"find": query.type_name, **_find(planned)}
    told = database.command("explain", command, verbosity="executionStats")
    stats = told["executionStats"]
    stages = set(_stages(told["queryPlanner"]["winningPlan"]))
    return stats["nReturned"], stats["totalDocsExamined"], stages


SHAPES = [
    "Observation?patient=p7&code=v1&_sort=-date",
    "Observation?patient=p7&code=http://loinc.org|v1&_sort=-date",
    "Observation?patient=p7&code=v1,v2&_sort=-date",
    "Observation?patient=Patient/p7&category=laboratory",
    "Observation?patient=p7&category=laboratory&_sort=date",
    "Observation?patient=p7&category=laboratory&date=ge2015-01-01&date=lt2020",
    "Observation?patient=p7&category=laboratory&date=gt2015",
    "Observation?patient=p7&category=laboratory&code=l2",
    "Observation?patient=p7&category=urn:category|laboratory&code=http://loinc.org|l2",
    "Observation?patient=p7",
    "Observation?subject=Patient/p7&_sort=-date",
    "Observation?patient=p7&status=amended",
    "Observation?encounter=Encounter/e7-2",
    "Observation?code=v1&date=2015",
    "Observation?code=v1&date=ge2015&date=le2016",
    "Observation?code=v1&date=ge2015&_sort=date",
    "Observation?patient=p7&category=laboratory&date=ge2015&_sort=date",
    "Observation?date=2012-03,2015-04&_sort=-date",
    "Observation?code=stay&date=gt2018-01&date=le2018-03&_sort=-date",
    "Observation?code=stay&date=ge2018-03&_sort=date",
    "Observation?code=stay&date=ge2018-02&date=le2018-04&_sort=date",
    "Observation",
    "Observation?_sort=date",
    "Observation?_lastUpdated=ge1970-01-01T00:00:00.050Z",
    "Observation?_lastUpdated=lt1970-01-01T00:00:00.100Z&_sort=_lastUpdated",
    "Observation?_sort=-_lastUpdated",
    "Observation?_id=o7-1,o7-2",
    "Patient?identifier=urn:mrn|m7",
    "Patient?identifier=m7",
    "Patient?name=fam0",
    "Patient?family=Fam07",
    "Patient?birthdate=2015",
    "Patient?birthdate=ge2012-03",
    "Patient?_id=p7",
    "MedicationRequest?patient=p7&intent=order&status=active",
    "MedicationRequest?patient=p7&intent=order,plan&status=active,stopped",
    "MedicationRequest?patient=p7&status=active",
    "Appointment?patient=p7&_sort=date",
    "Appointment?patient=p7&_sort=-date",
    "Appointment?patient=p7&date=ge2015&_sort=date",
    "Appointment?patient=p7&status=booked",
    "Communication?patient=p7",
    "Communication?subject=p7&_sort=-sent",
    "Communication?recipient=Patient/p7",
    "Communication?recipient=Patient/p7&_sort=sent",
    "Communication?patient=p7&recipient=Patient/p7&sent=ge2012&_sort=-sent",
    "Appointment?actor=Patient/p7&_sort=date",
]
"""Each once by somebody who reaches everything, once by patient p7."""
OF_ALL = [
    "Patient?name=fam0&gender=male",
    "Patient?birthdate=ge2010&name=fam0",
    "Appointment?practitioner=d3&date=ge2015&_sort=date",
    "Slot?schedule=Schedule/d3&status=free&start=ge2015&_sort=start",
]
"""By somebody who reaches everything."""


def _query(shape: str, count: int) -> SearchQuery:
    type_name, _, rest = shape.partition("?")
    pairs = [tuple(pair.split("=", 1)) for pair in rest.split("&") if pair]
    return parse_search(
        CATALOGUE,
        type_name,
        [(name, value) for name, value in pairs],
        strict=True,
        default_count=count,
        max_count=1000,
    )


OWN = Member(frozenset(("p7",)))
CASES = [(shape, policy) for shape in SHAPES for policy in (Everything(), OWN)]
CASES += [(shape, Everything()) for shape in OF_ALL]


@pytest.mark.parametrize(("shape", "policy"), CASES, ids=lambda each: str(each).partition("(")[0])
def test_a_shape_examines_little(
    database: Database[Document], shape: str, policy: Expression
) -> None:
    """On the first page, and on the second, which begins at a key."""
    query = _query(shape, count=10)
    after = None
    for _ in range(2):
        returned, examined, stages = _costs(database, query, policy, after)
        assert examined <= 2 * returned + 2, (returned, examined, plan(query, policy, after))
        if "_id=" not in shape:
            assert "SORT" not in stages
        assert "COLLSCAN" not in stages
        planned = plan(query, policy, after)
        command = {"find": query.type_name, **_find(planned)}
        page = database.command(command)["cursor"]["firstBatch"]
        if len(page) <= query.count:
            break
        after = planned.position(page[query.count - 1])
    if after is None:
        assert returned > 0 or policy is OWN

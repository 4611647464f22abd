"""References (Q5, R4 3.1.1.4.12): by id, type, URL, version and identifier."""

from __future__ import annotations

from tests.search.finding import BASE
from tests.search.rows.row import Row, Table, observation

REFERRING = Table(
    "who is referred to",
    "Observation",
    [
        observation("relative", subject={"reference": "Patient/1"}),
        observation("absolute", subject={"reference": f"{BASE}/Patient/1"}),
        observation("foreign", subject={"reference": "http://other.org/Patient/1"}),
        observation("versioned", subject={"reference": "Patient/1/_history/2"}),
        observation("group", subject={"reference": "Group/1"}),
        observation("two", subject={"reference": "Patient/2"}),
        observation("urn", subject={"reference": "urn:uuid:0c0d1f3e-0000-4000-8000-000000000000"}),
        observation("logical", subject={"identifier": {"value": "1"}}),
        {
            **observation("inner", subject={"reference": "#1"}),
            "contained": [{"resourceType": "Patient", "id": "1"}],
        },
        observation("nobody"),
    ],
    [
        Row("subject=1", "absolute group relative versioned"),
        Row("subject=1", "absolute group relative versioned", "relative foreign"),
        Row("subject=1", "absolute group relative versioned", "relative inner"),
        Row("subject=10"),
        Row("subject=Patient/1", "absolute relative versioned"),
        Row("subject=Patient/1", "absolute relative versioned", "relative group"),
        Row("subject=Patient/1", "absolute relative versioned", "absolute foreign"),
        Row("subject:Patient=1", "absolute relative versioned"),
        Row("subject:Patient=1", "absolute relative versioned", "versioned group"),
        Row("subject:Group=1", "group"),
        Row("subject:Patient=Group/1"),
        Row("subject:Patient=Patient/1", "absolute relative versioned"),
        Row(f"subject={BASE}/Patient/1", "absolute relative versioned"),
        Row(f"subject={BASE}/Patient/1", "absolute relative versioned", "relative foreign"),
        Row(f"subject={BASE}/Patient/3"),
        Row("subject=http://other.org/Patient/1", "foreign"),
        Row("subject=http://other.org/Patient/2"),
        Row("subject=Patient/1/_history/2", "versioned"),
        Row("subject=Patient/1/_history/2", "versioned", "versioned relative"),
        Row("subject=Patient/1/_history/3"),
        Row("subject=urn:uuid:0c0d1f3e-0000-4000-8000-000000000000", "urn"),
        Row("patient=1", "absolute relative versioned"),
        Row("patient=Patient/2,Patient/3", "two"),
        Row("patient=Group/1"),
        Row("subject=Device/1"),
        Row("subject:identifier=1", "logical"),
        Row(
            "subject:missing=false",
            "absolute foreign group inner logical relative two urn versioned",
        ),
        Row("subject:missing=true", "nobody", "nobody logical"),
    ],
)

CANONICAL = Table(
    "canonical addresses",
    "QuestionnaireResponse",
    [
        {"resourceType": "QuestionnaireResponse", "id": name, "questionnaire": questionnaire}
        for name, questionnaire in (("one", "http://q.org/Q|1"), ("two", "http://q.org/Q"))
    ],
    [
        Row("questionnaire=http://q.org/Q", "one two"),
        Row("questionnaire=http://q.org/Q|1", "one"),
        Row("questionnaire=http://q.org/Q|1", "one", "one two"),
        Row("questionnaire=http://q.org/Q|3"),
        Row("questionnaire=http://q.org"),
    ],
)

TABLES = (REFERRING, CANONICAL)

"""JSON Patch (RFC 6902) and FHIRPath Patch (R4 `fhirpatch.html`) of a resource (F7)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources import fhir_json
from resources.fhir_json import Json, Resource
from resources.patching import BadPatch, TestFailed, apply_fhirpath_patch, apply_json_patch

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "extension": [{"url": "http://x", "valueDecimal": fhir_json.decimal("1e-7")}],
    "identifier": [{"system": "a", "value": "1"}, {"system": "b", "value": "2"}],
    "active": True,
    "name": [
        {
            "use": "official",
            "family": "Meyer",
            "given": ["Ann", "Bea"],
            "_given": [None, {"id": "g"}],
        },
        {"use": "nickname", "given": ["A"]},
    ],
    "birthDate": "1970-03-30",
    "_birthDate": {"extension": [{"url": "http://t", "valueDateTime": "1970-03-30T01:02:03Z"}]},
    "deceasedBoolean": False,
    "contact": [{"relationship": [{"text": "mother"}], "name": {"text": "Ma"}}],
    "maritalStatus": {"text": "single"},
}


def _patient() -> Resource:
    return copy.deepcopy(PATIENT)


# ---- JSON Patch ----------------------------------------------------------------------------------

JSON_PATCHES: list[tuple[Json, str, Any]] = [
    ([{"op": "replace", "path": "/active", "value": False}], "active", False),
    ([{"op": "add", "path": "/gender", "value": "female"}], "gender", "female"),
    ([{"op": "remove", "path": "/birthDate"}], "birthDate", None),
    (
        [{"op": "test", "path": "/active", "value": True}, {"op": "remove", "path": "/active"}],
        "active",
        None,
    ),
    (
        [{"op": "add", "path": "/name/1/given/-", "value": "B"}],
        "name",
        [PATIENT["name"][0], {"use": "nickname", "given": ["A", "B"]}],
    ),
    (
        [{"op": "move", "from": "/identifier/1", "path": "/identifier/0"}],
        "identifier",
        [{"system": "b", "value": "2"}, {"system": "a", "value": "1"}],
    ),
    (
        [{"op": "copy", "from": "/maritalStatus/text", "path": "/language"}],
        "language",
        "single",
    ),
]


@pytest.mark.parametrize(("operations", "name", "expected"), JSON_PATCHES)
def test_f7_json_patch(operations: Json, name: str, expected: object) -> None:
    patched = apply_json_patch(_patient(), operations)
    assert patched.get(name) == expected
    others = {key: value for key, value in PATIENT.items() if key != name}
    assert {key: value for key, value in patched.items() if key != name} == others


BAD_JSON_PATCHES: list[tuple[Any, str]] = [
    ({"op": "remove", "path": "/active"}, "array"),
    (["remove"], "operation 0 is no object"),
    ([{"op": "remove"}], "operation 0"),
    ([{"op": "delete", "path": "/active"}], "operation 0"),
    ([{"op": "remove", "path": "/gender"}], "operation 0"),
    ([{"op": "remove", "path": "active"}], "operation 0"),
    ([{"op": "replace", "path": "/active"}], "operation 0"),
    ([{"op": "add", "path": "/name/7", "value": {}}], "operation 0"),
    ([{"op": "add", "path": "/name/01", "value": {}}], "operation 0"),
    ([{"op": "add", "path": "/name/x", "value": {}}], "operation 0"),
    ([{"op": "add", "path": "/a/b/c", "value": {}}], "operation 0"),
    ([{"op": "move", "from": "/name", "path": "/name/0"}], "operation 0"),
    ([{"op": "add", "path": 7, "value": 1}], "operation 0"),
    ([{"op": "copy", "from": {}, "path": "/a"}], "operation 0"),
    ([{"op": "add", "path": "", "value": 1}], "no resource"),
    ([{"op": "remove", "path": "/active"}] * 1001, "at most"),
]


@pytest.mark.parametrize(("operations", "message"), BAD_JSON_PATCHES)
def test_f7_a_bad_json_patch_says_which_operation(operations: Json, message: str) -> None:
    with pytest.raises(BadPatch, match=message):
        apply_json_patch(_patient(), operations)


@pytest.mark.parametrize("value", [False, 1, "true", None, [True]])
def test_a_failed_test_is_told_apart(value: Json) -> None:
    """RFC 6902 section 4.6: a number is not a boolean, whatever Python thinks."""
    with pytest.raises(TestFailed, match="operation 0"):
        apply_json_patch(_patient(), [{"op": "test", "path": "/active", "value": value}])


def test_f11_copies_that_double_are_stopped() -> None:
    doubling: list[Json] = [{"op": "copy", "from": "/name", "path": "/name/-"} for _ in range(60)]
    with pytest.raises(BadPatch, match="copies too much"):
        apply_json_patch(_patient(), doubling)


def test_decimals_keep_their_spelling_when_copied() -> None:
    copied = apply_json_patch(
        _patient(), [{"op": "copy", "from": "/extension", "path": "/modifierExtension"}]
    )
    assert fhir_json.dump(copied).count(b"1e-7") == 2


# ---- FHIRPath Patch ------------------------------------------------------------------------------


def operation(kind: str, path: str, **parts: Any) -> Resource:
    """One operation: `value` as `{"valueString": …}`, numbers and names as such."""
    found: list[Resource] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": path},
    ]
    for name, value in parts.items():
        if name == "value":
            found.append({"name": "value", **value})
        elif isinstance(value, int):
            found.append({"name": name, "valueInteger": value})
        else:
            found.append({"name": name, "valueString": value})
    return {"name": "operation", "part": found}


def patch(*operations: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(operations)}


FHIRPATH_PATCHES: list[tuple[Resource, str, Any]] = [
    (operation("replace", "Patient.birthDate", value={"valueDate": "1980"}), "birthDate", "1980"),
    (
        operation("replace", "Patient.birthDate", value={"valueDate": "1980"}),
        "_birthDate",
        None,
    ),
    (operation("delete", "Patient.birthDate"), "birthDate", None),
    (operation("delete", "Patient.birthDate"), "_birthDate", None),
    (operation("delete", "Patient.birthDate.extension[0]"), "_birthDate", None),
    (operation("delete", "Patient.gender"), "gender", None),
    (operation("delete", "Patient.maritalStatus.text"), "maritalStatus", None),
    (
        operation("delete", "Patient.name.where(use = 'official').given[0]"),
        "name",
        [
            {"use": "official", "family": "Meyer", "given": ["Bea"], "_given": [{"id": "g"}]},
            PATIENT["name"][1],
        ],
    ),
    (
        operation("delete", "Patient.identifier.where(system='a' and value.exists())"),
        "identifier",
        [{"system": "b", "value": "2"}],
    ),
    (
        operation("add", "Patient", name="gender", value={"valueCode": "female"}),
        "gender",
        "female",
    ),
    (
        operation("add", "Patient", name="gender", value={"valueString": "female"}),
        "gender",
        "female",
    ),
    (
        operation("add", "Patient.name[1]", name="given", value={"valueString": "B"}),
        "name",
        [PATIENT["name"][0], {"use": "nickname", "given": ["A", "B"]}],
    ),
    (
        operation(
            "add",
            "Patient.name[1].given[0]",
            name="extension",
            value={"valueExtension": {"url": "u", "valueCode": "c"}},
        ),
        "name",
        [
            PATIENT["name"][0],
            {
                "use": "nickname",
                "given": ["A"],
                "_given": [{"extension": [{"url": "u", "valueCode": "c"}]}],
            },
        ],
    ),
    (
        operation(
            "add",
            "Patient",
            name="contact",
            value={
                "part": [
                    {"name": "name", "valueHumanName": {"text": "Pa"}},
                    {"name": "gender", "valueCode": "male"},
                ]
            },
        ),
        "contact",
        [*PATIENT["contact"], {"name": {"text": "Pa"}, "gender": "male"}],
    ),
    (
        operation("replace", "Patient.deceased", value={"valueDateTime": "2020-01-01"}),
        "deceasedDateTime",
        "2020-01-01",
    ),
    (
        operation("replace", "Patient.deceased", value={"valueDateTime": "2020-01-01"}),
        "deceasedBoolean",
        None,
    ),
    (
        operation(
            "replace",
            "Patient.contact.where(relationship.text = 'mother').name",
            value={"valueHumanName": {"text": "Mum"}},
        ),
        "contact",
        [{"relationship": [{"text": "mother"}], "name": {"text": "Mum"}}],
    ),
    (
        operation(
            "insert",
            "Patient.identifier",
            index=1,
            value={"valueIdentifier": {"value": "n"}},
        ),
        "identifier",
        [PATIENT["identifier"][0], {"value": "n"}, PATIENT["identifier"][1]],
    ),
    (
        operation("move", "Patient.identifier", source=1, destination=0),
        "identifier",
        PATIENT["identifier"][::-1],
    ),
    (operation("delete", "Patient.extension('http://x')"), "extension", None),
    (operation("replace", "active", value={"valueBoolean": False}), "active", False),
    (
        operation("delete", "Patient.name.where(family.startsWith('Mey')).first()"),
        "name",
        [PATIENT["name"][1]],
    ),
    (
        operation("delete", "Patient.name.where((use = 'x' or use = 'nickname').not())"),
        "name",
        [PATIENT["name"][1]],
    ),
    (operation("delete", "Patient.name.last()"), "name", [PATIENT["name"][0]]),
    (operation("delete", "Patient.name.where(given.exists().not())"), "name", PATIENT["name"]),
    (
        operation("delete", "Patient.extension.where(value.ofType(decimal) < 1)"),
        "extension",
        None,
    ),
]


@pytest.mark.parametrize(("change", "name", "expected"), FHIRPATH_PATCHES)
def test_f7_fhirpath_patch(change: Resource, name: str, expected: object) -> None:
    patched = apply_fhirpath_patch(_patient(), patch(change))
    assert patched.get(name) == expected
    stem = name.removeprefix("_")
    for key, value in PATIENT.items():
        if key.removeprefix("_") != stem and not key.startswith(stem[:8]):
            assert patched[key] == value, key


BAD_FHIRPATH_PATCHES: list[tuple[Resource, str]] = [
    ({"name": "op"}, "'operation'"),
    ({"name": "operation"}, "no part 'type'"),
    (operation("swap", "Patient"), "not one of"),
    ({"name": "operation", "part": [{"name": "type", "valueCode": "delete"}]}, "no part 'path'"),
    (operation("delete", "Patient.name", index=1), "takes no 'index'"),
    (operation("delete", "Patient.name"), "finds 2 elements"),
    (operation("delete", "Patient"), "resource itself"),
    (operation("replace", "Patient.gender", value={"valueCode": "x"}), "finds no elements"),
    (operation("replace", "Patient.active"), "no part 'value'"),
    (operation("replace", "Patient.active", value={"valueCode": "true"}), "takes a boolean"),
    (operation("add", "Patient", name="nonsense", value={"valueCode": "x"}), "no element"),
    (operation("add", "Patient", name="active", value={"valueBoolean": True}), "already"),
    (operation("add", "Patient.name", name="text", value={"valueString": "x"}), "finds 2"),
    (operation("insert", "Patient.identifier", index=3, value={"valueIdentifier": {}}), "0 to 2"),
    (operation("insert", "Patient.active", index=0, value={"valueBoolean": True}), "no list"),
    (operation("insert", "Patient.name.given", index=0, value={"valueString": "x"}), "one list"),
    (operation("move", "Patient.identifier", source=2, destination=0), "0 to 1"),
    (operation("delete", "Patient.name.where("), "is expected"),
    (operation("delete", "Patient.name["), "number is expected"),
    (operation("delete", "Patient.name.repeat(x)"), r"repeat\(\) is not offered"),
    (operation("delete", "Patient.name; drop"), "cannot be read"),
    (operation("delete", "Patient..name"), "is expected"),
    (operation("delete", "Patient.name name"), "should end"),
    (operation("delete", "Observation.status.x"), "begins with Observation"),
    (operation("delete", "x" * 2000), "at most"),
    (operation("delete", "Patient.name.where(" + "(" * 100), "nest too deep"),
]


@pytest.mark.parametrize(("change", "message"), BAD_FHIRPATH_PATCHES)
def test_f7_a_bad_fhirpath_patch_says_what_and_where(change: Resource, message: str) -> None:
    with pytest.raises(BadPatch, match=message):
        apply_fhirpath_patch(_patient(), patch(change))


def test_operations_follow_one_another() -> None:
    patched = apply_fhirpath_patch(
        _patient(),
        patch(
            operation("delete", "Patient.name[0]"),
            operation("replace", "Patient.name[0].use", value={"valueCode": "usual"}),
            operation("add", "Patient.name[0]", name="family", value={"valueString": "M"}),
        ),
    )
    assert patched["name"] == [{"use": "usual", "given": ["A"], "family": "M"}]


def test_a_resource_inside_another_is_reached() -> None:
    resource: Resource = {
        "resourceType": "Observation",
        "contained": [{"resourceType": "Patient", "id": "c", "active": True}],
        "component": [{"valueQuantity": {"value": 1}}],
    }
    patched = apply_fhirpath_patch(
        resource,
        patch(
            operation("delete", "Observation.contained[0].active"),
            operation(
                "replace", "Observation.component[0].value", value={"valueString": "negative"}
            ),
        ),
    )
    assert patched["contained"] == [{"resourceType": "Patient", "id": "c"}]
    assert patched["component"] == [{"valueString": "negative"}]


@given(st.text(alphabet="Patient.nameuse()[]'=01 where", max_size=40) | st.text(max_size=40))
def test_whatever_a_path_says_it_is_a_path_or_refused(path: str) -> None:
    """F12: hostile paths end in a refusal, never in anything else."""
    for kind in ("delete", "add"):
        change = operation(kind, path)
        if kind == "add":
            change = operation(kind, path, name="id", value={"valueString": "x"})
        try:
            apply_fhirpath_patch(_patient(), patch(change))
        except BadPatch:
            continue

"""Each of R4's search parameters finds a resource by the value at its expression, and no other.

A value of every type that the element may have is put where the expression leads; which element
that is comes from the definitions, with a few of the expressions' paths read here once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.search.indexing import index_entry
from fhir_server.search.matching import matches
from fhir_server.search.query import parse_criteria
from resources.registry import REGISTRY, ElementType, SearchParameter
from tests.search.finding import CATALOGUE

Resource = dict[str, Any]
UCUM = "http://unitsofmeasure.org"

RULES = {
    "_id": "the logical id of the resource, which is no element to be put in",
    "_lastUpdated": "the server's own time",
    "composition": "the resource that stands first in a Bundle, not an element of a type",
    "message": "the same",
    "deceased": "true where there is a date or a true, false where there is none (Patient)",
    "near": "of type special: a distance to a point (the rows of places)",
}
"""Parameters that the general way does not serve, each with its rule and a test of its own."""

VALUES: dict[str, tuple[Any, dict[str, str]]] = {
    "Address": ({"city": "Oslo"}, {"string": "oslo"}),
    "Age": (
        {"value": Decimal(40), "system": UCUM, "code": "a"},
        {"quantity": f"480|{UCUM}|mo"},
    ),
    "CodeableConcept": ({"coding": [{"system": "urn:s", "code": "c"}]}, {"token": "urn:s|c"}),
    "Coding": ({"system": "urn:s", "code": "c"}, {"token": "urn:s|c"}),
    "ContactPoint": ({"system": "phone", "value": "555"}, {"token": "555"}),
    "Duration": (
        {"value": Decimal(60), "system": UCUM, "code": "min"},
        {"quantity": f"1|{UCUM}|h"},
    ),
    "HumanName": ({"family": "Berg"}, {"string": "berg"}),
    "Identifier": ({"system": "urn:s", "value": "i"}, {"token": "urn:s|i"}),
    "Money": ({"value": Decimal("9.99"), "currency": "EUR"}, {"quantity": "9.99||EUR"}),
    "Period": ({"start": "2020-02-01", "end": "2020-02-03"}, {"date": "2020-02"}),
    "Quantity": (
        {"value": Decimal("5.4"), "system": UCUM, "code": "mg"},
        {"quantity": f"5.4|{UCUM}|mg"},
    ),
    "Range": (
        {"low": {"value": 1, "unit": "x"}, "high": {"value": 2, "unit": "x"}},
        {"quantity": "gt1||x", "number": "gt1"},
    ),
    "Reference": ({"reference": "{target}/t1"}, {"reference": "{target}/t1"}),
    "SampledData": (
        {"origin": {"value": 1, "unit": "x"}, "data": "1 2"},
        {"quantity": "sa1||x"},
    ),
    "SimpleQuantity": (
        {"value": Decimal("5.4"), "system": UCUM, "code": "mg"},
        {"quantity": f"5.4|{UCUM}|mg"},
    ),
    "Timing": ({"event": ["2020-02-01", "2020-02-03"]}, {"date": "2020-02"}),
    "boolean": (True, {"token": "true"}),
    "canonical": ("http://c.org/x|1", {"reference": "http://c.org/x", "uri": "http://c.org/x|1"}),
    "code": ("c1", {"token": "c1"}),
    "date": ("2020-02-01", {"date": "2020-02"}),
    "dateTime": ("2020-02-01T10:00:00Z", {"date": "2020-02"}),
    "decimal": (Decimal("0.7"), {"number": "0.7"}),
    "id": ("i1", {"token": "i1"}),
    "instant": ("2020-02-01T10:00:00Z", {"date": "2020-02"}),
    "integer": (7, {"number": "7"}),
    "markdown": ("some words", {"string": "some"}),
    "positiveInt": (7, {"number": "7"}),
    "string": ("text", {"string": "text", "token": "text"}),
    "uri": ("http://u.org/x", {"uri": "http://u.org/x", "token": "http://u.org/x",
                               "reference": "http://u.org/x"}),
    "url": ("http://u.org/x", {"uri": "http://u.org/x", "token": "http://u.org/x"}),
    "oid": ("urn:oid:1.2", {"uri": "urn:oid:1.2"}),
}  # fmt: skip
"""By element type: a value, and what asks for it by each type of parameter."""
OTHERS = {
    "date": "1999",
    "number": "12345",
    "quantity": "12345",
    "reference": "Basic/other",
    "string": "zzz",
    "token": "urn:none|zzz",
    "uri": "http://none.org",
}
"""What finds none of them."""


NOT_ASKED_FOR = {
    ("date", "Age"),  # when a procedure was done, said without a date
    ("date", "Range"),
    ("date", "string"),
    ("reference", "Attachment"),  # a consent's text, which is no reference
}
"""Types of element at the end of an expression whose parameter has no way to ask for them."""


def _not_asked_for(parameter: SearchParameter, type_name: str) -> Iterator[tuple[str, str]]:
    for path in _parts(parameter, type_name):
        for of, _ in _ends(type_name, _steps(path)):
            if parameter.type not in VALUES.get(of.name, (None, {}))[1]:
                yield parameter.type, of.name


def _parts(parameter: SearchParameter, type_name: str) -> list[str]:
    """The paths of an expression that concern a type, without brackets."""
    found: list[str] = []
    for part in (parameter.expression or "").split("|"):
        text = re.sub(r"^\((.*)\)$", r"\1", part.strip())
        text = re.sub(r"^\((\S+) as (\w+)\)(.*)$", r"\1.as(\2)\3", text)
        text = re.sub(r"^(\S+) as (\w+)$", r"\1.as(\2)", text)
        head = text.partition(".")[0]
        if head in (type_name, "Resource", "DomainResource"):
            found.append(text.partition(".")[2])
        elif head.islower():  # InsurancePlan's `name | alias`
            found.append(text)
    return found


def _steps(path: str) -> list[str]:
    """Names, and the functions between them with what they are given."""
    return re.findall(r"[A-Za-z]+\([^()]*(?:\(\)[^()]*)?\)|\w+(?:\[\d+\])?", path)


def _cases(parameter: SearchParameter, type_name: str) -> Iterator[tuple[Resource, str]]:
    """Resources with a value of each type, and what asks for them."""
    for path in _parts(parameter, type_name):
        for of, build in _ends(type_name, _steps(path)):
            value, asked = VALUES.get(of.name, (None, {}))
            if parameter.type not in asked:
                continue
            target = _target(parameter, of, path)
            filled, query = (
                _filled(value, target),
                asked[parameter.type].replace("{target}", target),
            )
            yield {"resourceType": type_name, "id": "x", **build(filled)}, query


def _target(parameter: SearchParameter, of: ElementType, path: str) -> str:
    if resolved := re.search(r"resolve\(\) is (\w+)", path):
        return resolved[1]
    fitting = [each for each in parameter.targets if each in of.targets or "Resource" in of.targets]
    return (fitting or [*parameter.targets, "Patient"])[0]


def _filled(value: Any, target: str) -> Any:
    if isinstance(value, dict) and "reference" in value:
        return {"reference": f"{target}/t1"}
    return value


def _ends(node: str, steps: list[str]) -> Iterator[tuple[ElementType, Any]]:
    """The types at the end of a path, each with what builds the elements above a value."""
    name, rest = steps[0].partition("[")[0], steps[1:]
    element = REGISTRY.children(node).get(name) if REGISTRY.is_node(node) else None
    if element is None:
        return
    wanted, beside = None, {}
    while rest and "(" in rest[0]:
        step, rest = rest[0], rest[1:]
        if step.startswith(("as(", "ofType(")):
            wanted = step[step.index("(") + 1 : -1]
        elif (condition := re.match(r"where\((\w+)='(.+)'\)", step)) is not None:
            beside = {condition[1]: condition[2]}
    for of in element.types:
        if wanted is not None and of.name.lower() != wanted.lower():
            continue
        build = _under(element.json_name(of), element.repeats, beside)
        if not rest:
            yield of, build
            continue
        for inner, deeper in _ends(of.node, rest):
            yield inner, lambda value, deeper=deeper, build=build: build(deeper(value))


def _under(key: str, repeats: bool, beside: dict[str, str]) -> Any:
    """Puts a value under an element's name, with what the path asks for beside it."""

    def build(value: Any) -> Resource:
        whole = {**value, **beside} if isinstance(value, dict) else value
        return {key: [whole] if repeats else whole}

    return build


def _finds(resource: Resource, name: str, value: str) -> bool:
    criteria = f"{name}={quote(value, safe='')}"
    where = parse_criteria(CATALOGUE, resource["resourceType"], criteria)
    return matches(where, index_entry(CATALOGUE, resource, frozenset()))


PARAMETERS = [
    each for each in REGISTRY.search_parameters.values() if each.expression and each.bases
]
SIMPLE = [each for each in PARAMETERS if each.type != "composite" and each.name not in RULES]


def test_every_parameter_is_found_by_its_value() -> None:
    """Q1 to Q5: at each base, for each type that the element may have."""
    of_r4 = [each for each in PARAMETERS if each.url.startswith("http://hl7.org/fhir/")]
    assert len(of_r4) == 1372
    assert len(SIMPLE) == len(PARAMETERS) - len(COMPOSITES) - len(RULES)
    without: list[str] = []
    for parameter in SIMPLE:
        for base in parameter.bases:
            assert set(_not_asked_for(parameter, base)) <= NOT_ASKED_FOR
            seen = 0
            for resource, query in _cases(parameter, base):
                seen += 1
                assert _finds(resource, parameter.name, query), (base, parameter.name, resource)
                other = OTHERS[parameter.type]
                if query in ("true", "false"):
                    other = "false"
                elif "|" not in query:
                    other = other.replace("urn:none|", "")
                assert not _finds(resource, parameter.name, other), (base, parameter.name, other)
                empty = {"resourceType": base, "id": "x"}
                assert not _finds(empty, parameter.name, query), (base, parameter.name)
            if not seen:
                without.append(f"{base}.{parameter.name}: {parameter.expression}")
    assert without == []


CROSSED = "http://hl7.org/fhir/SearchParameter/DocumentReference-relationship"
"""R4 gives each of its components the definition of the other."""
COMPOSITES = [each for each in PARAMETERS if each.type == "composite"]
Fragment = tuple[Resource, Resource, str, str]
"""What a component puts at the element and at the resource, its query and type of parameter."""


def _foci(parameter: SearchParameter, type_name: str) -> Iterator[tuple[str, Any, bool]]:
    """The elements that a composite speaks of: node, what builds it into a resource, repeats."""
    for path in (parameter.expression or "").split("|"):
        head, _, rest = path.strip().partition(".")
        if head == type_name and not rest:
            yield type_name, lambda value: value, False
        elif head == type_name:
            element = REGISTRY.element(type_name, rest)
            assert element is not None
            for of, build in _ends(type_name, _steps(rest)):
                yield of.node, build, element.repeats


def _components(parameter: SearchParameter, type_name: str, node: str) -> list[list[Fragment]]:
    urls = [url for url, _ in parameter.components]
    if parameter.url == CROSSED:
        urls.reverse()
    return [
        list(_fragments(REGISTRY.search_parameters[url], expression, type_name, node))
        for url, (_, expression) in zip(urls, parameter.components, strict=True)
    ]


def _fragments(
    component: SearchParameter, expression: str, type_name: str, node: str
) -> Iterator[Fragment]:
    for path in (each.strip() for each in expression.split("|")):
        at_root = path.startswith("%resource.")
        steps = _steps(path.removeprefix("%resource."))
        for of, build in _ends(type_name if at_root else node, steps):
            value, asked = VALUES.get(of.name, (None, {}))
            if component.type in asked:
                target = _target(component, of, path)
                whole = build(_filled(value, target))
                query = asked[component.type].replace("{target}", target)
                yield ({}, whole, query, component.type) if at_root else (
                    whole, {}, query, component.type,
                )  # fmt: skip


def _joined(*parts: str) -> str:
    return "$".join(parts)


def test_every_composite_is_found_by_its_values() -> None:
    """Q7: by all components together, not with one of them other, nor of two elements."""
    assert len(COMPOSITES) == 46
    for parameter in COMPOSITES:
        for base in parameter.bases:
            foci = list(_foci(parameter, base))
            assert foci, (base, parameter.name)
            for node, build, repeats in foci:
                _check_composite(parameter, base, node, build, repeats)


def _check_composite(
    parameter: SearchParameter, base: str, node: str, build: Any, repeats: bool
) -> None:
    options = _components(parameter, base, node)
    assert all(options), (base, parameter.name)
    for chosen in product(*options):
        name, bare = parameter.name, {"resourceType": base, "id": "x"}
        element = {key: value for at, _, _, _ in chosen for key, value in at.items()}
        root = {key: value for _, at, _, _ in chosen for key, value in at.items()}
        resource = {**bare, **root, **build(element)}
        queries = [query for _, _, query, _ in chosen]
        assert _finds(resource, name, _joined(*queries)), (base, name, resource)
        for at, (_, _, _, kind) in enumerate(chosen):
            others = [*queries[:at], OTHERS[kind], *queries[at + 1 :]]
            assert not _finds(resource, name, _joined(*others)), (base, name, others)
        if repeats and not root:
            apart = [build(at) for at, _, _, _ in chosen]
            ((key, _),) = apart[0].items()
            torn = {**bare, key: [item for each in apart for item in each[key]]}
            assert not _finds(torn, name, _joined(*queries)), (base, name, torn)


def _finds_in_bundle(kind: str, target: str) -> None:
    inner = {"resourceType": target, "id": "t1"}
    bundle = {"resourceType": "Bundle", "id": "x", "entry": [{"resource": inner}]}
    assert _finds(bundle, kind, f"{target}/t1")
    assert not _finds(bundle, kind, f"{target}/t2")
    assert not _finds({"resourceType": "Bundle", "id": "x"}, kind, f"{target}/t1")


def test_the_first_resource_of_a_bundle() -> None:
    """`composition` and `message` are the resource that stands there itself."""
    _finds_in_bundle("composition", "Composition")
    _finds_in_bundle("message", "MessageHeader")


@pytest.mark.parametrize(
    ("deceased", "expected"),
    [({"deceasedBoolean": True}, "true"), ({"deceasedDateTime": "2020"}, "true"), ({}, "false")],
)
def test_deceased(deceased: Resource, expected: str) -> None:
    resource = {"resourceType": "Patient", "id": "x", **deceased}
    for value in ("true", "false"):
        assert _finds(resource, "deceased", value) is (value == expected)

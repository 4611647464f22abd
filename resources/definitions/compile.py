"""Compiles HL7's R4 definitions into the compact tables beside this file.

`python -m resources.definitions.compile FOLDER` reads `FOLDER/r4/*.ndjson.gz`, and US Core's search
parameters from `FOLDER/us-core`, and writes `*.json.gz` of facts alone: names, types,
cardinalities, targets, bindings, expressions. The same input gives the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import msgspec

from resources.definitions.value_sets import ValueSets

Definition: TypeAlias = dict[str, Any]
Row: TypeAlias = list[Any]

DESTINATION: Final = Path(__file__).parent
STRUCTURE: Final = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM: Final = "http://hl7.org/fhirpath/System."
FHIR_TYPE: Final = STRUCTURE + "structuredefinition-fhir-type"
EVERYWHERE: Final = frozenset({"ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"})
"""Invariants that every element or resource carries; they need no mention at each."""


def read(folder: Path, name: str, of: str = "r4") -> list[Definition]:
    with gzip.open(folder / of / f"{name}.ndjson.gz") as lines:
        return [json.loads(line) for line in lines]


def element_types(element: Definition) -> list[Row]:
    """The types of an element: [name, node, target types]; the node holds the children."""
    if reference := element.get("contentReference"):
        return [["BackboneElement", str(reference).removeprefix("#"), []]]
    return [_element_type(element, entry) for entry in element.get("type", [])]


def _element_type(element: Definition, entry: Definition) -> Row:
    path, code = str(element["path"]), str(entry["code"])
    if code.startswith(SYSTEM):
        code = _fhir_type(element, entry)
    targets = sorted({str(url).removeprefix(STRUCTURE) for url in entry.get("targetProfile", [])})
    if code in ("BackboneElement", "Element"):
        return [code, path, targets]
    profile = next(iter(entry.get("profile", [])), None)
    return [code, str(profile).removeprefix(STRUCTURE) if profile else code, targets]


def _fhir_type(element: Definition, entry: Definition) -> str:
    """The FHIR type behind a FHIRPath system type.

    R4 publishes `Resource.id` as a string; its text (`resource.html#id`) says `id`.
    """
    if element["base"]["path"] == "Resource.id":
        return "id"
    for extension in entry.get("extension", []):
        if extension["url"] == FHIR_TYPE and "valueUrl" in extension:
            return str(extension["valueUrl"])
    return "string"


def element_row(element: Definition) -> Row:
    """[name, min, max (0: no bound), types, binding, flags, invariants]; see `registry`."""
    binding = element.get("binding")
    flags = ("s" if element.get("isSummary") else "") + ("m" if element.get("isModifier") else "")
    keys = sorted({c["key"] for c in element.get("constraint", [])} - EVERYWHERE)
    maximum = element["max"]
    return [
        str(element["path"]).rpartition(".")[2],
        element["min"],
        -1 if maximum == "*" else int(maximum),
        element_types(element),
        [binding["strength"], binding["valueSet"].partition("|")[0]]
        if binding and "valueSet" in binding
        else [],
        flags,
        keys,
    ]


def nodes(definition: Definition) -> Iterator[tuple[str, Row]]:
    """Each path of a definition that has children, with its own row first and theirs after it."""
    name = str(definition["name"])
    children: dict[str, Row] = {}
    own: dict[str, Row] = {}
    for element in definition["snapshot"]["element"]:
        path = str(element["path"])
        if definition["type"] != name:  # a profile such as SimpleQuantity
            path = name + path.removeprefix(str(definition["type"]))
            element["path"] = path
        row = element_row(element)
        own[path] = row
        children.setdefault(path.rpartition(".")[0], []).append(row)
    for path, rows in children.items():
        if path:
            yield path, [own[path][6], rows]


def elements(resources: list[Definition], types: list[Definition]) -> Definition:
    table: Definition = {}
    for definition in (*types, *resources):
        for path, node in nodes(definition):
            if definition["kind"] == "primitive-type":
                node[1] = [row for row in node[1] if row[0] != "value"]
            table[path] = node
    kinds = {
        str(d["name"]): [
            str(d["kind"]),
            str(d.get("baseDefinition", "")).removeprefix(STRUCTURE),
            bool(d["abstract"]),
        ]
        for d in (*types, *resources)
    }
    return {"kinds": kinds, "nodes": table}


def search_parameters(definitions: list[Definition], resources: list[Definition]) -> list[Row]:
    """[code, type, url, bases, expression, targets, components, several values allowed]."""
    concrete = {
        str(d["name"]): str(d["baseDefinition"]).removeprefix(STRUCTURE)
        for d in resources
        if not d["abstract"]
    }

    def expanded(bases: Iterable[str]) -> list[str]:
        found: set[str] = set()
        for base in bases:
            if base == "Resource":
                found |= set(concrete)
            elif base == "DomainResource":
                found |= {name for name, parent in concrete.items() if parent == base}
            else:
                found.add(base)
        return sorted(found)

    return sorted(
        [
            d["code"],
            d["type"],
            d["url"],
            expanded(cast(list[str], d["base"])),
            d.get("expression", ""),
            sorted(cast(list[str], d.get("target", []))),
            [[part["definition"], part["expression"]] for part in d.get("component", [])],
            bool(d.get("multipleOr", True)),
        ]
        for d in definitions
    )


def us_core(definitions: list[Definition], known: list[Row]) -> list[Row]:
    """Rows as above of those whose code R4 does not have on their type. A redefinition of R4's
    code narrows its meaning for US Core's profiles, and stays as R4 has it."""
    taken = {(base, row[0]) for row in known for base in row[3]}
    new = [d for d in definitions if not taken & {(base, d["code"]) for base in d["base"]}]
    return search_parameters(new, [])


def invariants(definitions: list[Definition]) -> list[Row]:
    """[key, severity, what HL7 says, where, FHIRPath], each once: where it is defined, not
    inherited. `inv-1` is the key of three."""
    found: dict[tuple[str, str], Row] = {}
    for definition in definitions:
        for element in definition["snapshot"]["element"]:
            for said in element.get("constraint", []):
                if said.get("source", definition["url"]) == definition["url"]:
                    key, text = str(said["key"]), " ".join(str(said["human"]).split())
                    where, expression = str(element["path"]), str(said["expression"])
                    row = [key, str(said["severity"]), text, where, expression]
                    found.setdefault((key, text), row)
    return [row for _, row in sorted(found.items())]


def compartments(definitions: list[Definition]) -> Definition:
    return {
        str(d["code"]): {str(r["code"]): list(r["param"]) for r in d["resource"] if r.get("param")}
        for d in definitions
    }


def bindings(definitions: list[Definition]) -> Definition:
    """Required value sets that can be listed: url -> system -> codes."""
    return {
        str(d["valueSet"]): {system: sorted(codes) for system, codes in d["codes"].items()}
        for d in definitions
        if d["codes"] is not None
    }


def extensible_bindings(
    definitions: list[Definition], value_sets: list[Definition], systems: list[Definition]
) -> Definition:
    """The same for the extensible bindings of elements (R4 `terminologies.html#extensible`)."""
    known = ValueSets(value_sets, systems)
    wanted = {
        str(binding["valueSet"]).partition("|")[0]
        for definition in definitions
        for element in definition["snapshot"]["element"]
        if (binding := element.get("binding", {})).get("strength") == "extensible"
    }
    listed = {url: known.listed(url) for url in sorted(wanted)}
    return {url: codes for url, codes in listed.items() if codes}


def operation_bindings(
    operations: list[Definition], value_sets: list[Definition], systems: list[Definition]
) -> Definition:
    """The same for the parameters of operations, whose value sets take whole code systems."""
    wanted = {
        str(one["binding"]["valueSet"]).partition("|")[0]
        for definition in operations
        for one in definition.get("parameter", [])
        if one.get("binding", {}).get("strength") == "required"
    }
    codes = {str(d["url"]): [str(c["code"]) for c in d.get("concept", [])] for d in systems}
    return {
        str(d["url"]): {i["system"]: sorted(codes[i["system"]]) for i in d["compose"]["include"]}
        for d in value_sets
        if d["url"] in wanted
    }


CHANGING: Final = frozenset(
    (
        "Claim-submit",
        "ConceptMap-closure",
        "CoverageEligibilityRequest-submit",
        "Measure-submit-data",
        "MessageHeader-process-message",
        "Resource-meta-add",
        "Resource-meta-delete",
    )
)
"""R4 publishes `affectsState` of none of its operations; these change something by their text."""
_SAID_OF_OPERATIONS: Final = ("id", "url", "code", "resource", "system", "type", "instance")
_SAID_OF_PARAMETERS: Final = ("name", "use", "min", "max", "type", "binding")


def operations(definitions: list[Definition]) -> list[Definition]:
    """OperationDefinitions without their prose."""
    return [
        {
            **{name: d[name] for name in _SAID_OF_OPERATIONS if name in d},
            "affectsState": d["id"] in CHANGING,
            "parameter": [_parameter(one) for one in d.get("parameter", [])],
        }
        for d in definitions
    ]


def _parameter(said: Definition) -> Definition:
    kept = {name: said[name] for name in _SAID_OF_PARAMETERS if name in said}
    parts = [_parameter({"use": said["use"], **part}) for part in said.get("part", [])]
    return {**kept, "part": parts} if parts else kept


def write(name: str, value: object) -> None:
    packed = gzip.compress(msgspec.json.encode(value, order="deterministic"), 9, mtime=0)
    (DESTINATION / f"{name}.json.gz").write_bytes(packed)


def main(folder: Path) -> None:
    resources = read(folder, "structuredefinitions-resources")
    types = read(folder, "structuredefinitions-types")
    write("elements", elements(resources, types))
    parameters = search_parameters(read(folder, "search-parameters"), resources)
    write("search-parameters", parameters)
    of_us_core = read(folder, "us-core-7.0.0-searchparameters", "us-core")
    write("us-core", us_core(of_us_core, parameters))
    write("compartments", compartments(read(folder, "compartments")))
    of_operations = read(folder, "operationdefinitions")
    value_sets, systems = read(folder, "valuesets"), read(folder, "codesystems")
    asked = operation_bindings(of_operations, value_sets, systems)
    advised = extensible_bindings(
        [*types, *resources], value_sets, systems + read(folder, "codesystems-v3")
    )
    write("bindings", advised | asked | bindings(read(folder, "required-bindings")))
    write("invariants", invariants([*types, *resources]))
    write("operations", operations(of_operations))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""`docs/validation.md`, made from what is checked: `python -m fhir_server.cli.validation_page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from resources.registry import REGISTRY, Element
from resources.validation.invariants import DEPARTURES
from resources.validation.published import IDLE, PUBLISHED

HEAD: Final = """# Validation

Generated from the definitions and from `resources/validation`; `make docs` writes it anew.

Every resource that is written is held to FHIR R4 itself: one problem refuses it, and all of its
problems are told at once, each with its place (`expression`). Warnings are looked for by
`$validate` alone, at no cost to a write.

```
POST /fhir/Patient/$validate                    the resource, or Parameters with it
POST /fhir/Patient/$validate?mode=create        and: would this caller's create go through?
POST /fhir/Patient/123/$validate?mode=update    and the update of this one
POST /fhir/Patient/123/$validate?mode=delete    would the delete go through?
GET  /fhir/Patient/123/$validate                what is stored
```

The answer is 200 with an OperationOutcome, whatever is wrong; `All OK` where nothing is. With a
mode, that interaction is performed as the caller would, `If-Match` and `If-None-Exist` included, in
a transaction that is never committed.

## What is checked

| rule | how |
| --- | --- |
| structure | elements known, one of the types of a choice, JSON as R4 writes it |
| cardinality | what is required is there, what may not repeat does not; nothing is empty |
| primitives | the form of each type; dates and times are real ones |
| required bindings | an error where the codes are listed; of media types and currencies the form |
| extensible bindings | a warning where codes are given and none is of the value set |
| references | their form; the type that one names, or `type` says, is one that the element takes |
| canonicals | a fragment leads to a contained resource of a type that the element takes |
| contained resources | as dom-2 to dom-5 and ref-1 say; no two with one id |
| narrative | XHTML as txt-1 and txt-2 say, so that it can be shown without harm |
| extensions | ext-1; a warning where the url is relative, and for any modifier, as none is known |
| bundles | a warning where a `fullUrl` is not of the resource's type and id |
| texts | a warning for white space alone, and for a `urn:uuid:` or `urn:oid:` that is none |
| invariants | those below |

Not checked: profiles but R4's own definitions of the types (a claim in `meta.profile` is a warning,
the parameter `profile` an error, as R4 asks); slices and extensions' own definitions; displays of
codes; bindings that are preferred or examples; maximum value sets; units by UCUM; what a logical
reference or a canonical leads to; whether the ids of elements are unique.
"""
MOST_PATHS: Final = 3


def validation_page() -> str:
    """The whole page."""
    return "\n".join(
        [
            HEAD,
            f"## Invariants: all {len(PUBLISHED)} of R4\n",
            "Decided by the FHIRPath that R4 publishes, or by a row that comes to the same.\n",
            "| key | severity | where | what R4 says |",
            "| --- | --- | --- | --- |",
            *(
                f"| {one.key} | {one.severity} | `{one.where}` | {_cell(one.text)} |"
                for one in PUBLISHED
            ),
            "\n### Decided otherwise than the published expression\n",
            *_reasons(DEPARTURES),
            "\n### Published so that hardly a resource can break them\n",
            *_reasons(IDLE),
            "\n## Bindings whose codes are not listed\n",
            "The definitions do not hold all of their codes, so that any code is taken.\n",
            *_bindings(),
            "",
        ]
    )


def _reasons(reasons: Mapping[str, str]) -> Iterator[str]:
    yield "| key | why |"
    yield "| --- | --- |"
    for key, why in sorted(reasons.items()):
        yield f"| {key} | {_cell(why)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _bindings() -> Iterator[str]:
    yield "| strength | value set | elements |"
    yield "| --- | --- | --- |"
    unlisted: dict[tuple[str, str], list[str]] = {}
    for element in _elements():
        strength, value_set = element.binding or ("", "")
        if strength in ("required", "extensible") and REGISTRY.codes(value_set) is None:
            unlisted.setdefault((strength, value_set), []).append(element.path)
    for (strength, value_set), paths in sorted(unlisted.items(), reverse=True):
        shown = ", ".join(f"`{path}`" for path in sorted(paths)[:MOST_PATHS])
        more = f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else ""
        yield f"| {strength} | {value_set} | {shown}{more} |"


def _elements() -> Iterator[Element]:
    """All that a resource may have, data types included."""
    waiting, seen = [*REGISTRY.types, "Extension"], set[str]()
    while waiting:
        node = waiting.pop()
        if node in seen or not REGISTRY.is_node(node):
            continue
        seen.add(node)
        for element in REGISTRY.children(node).values():
            yield element
            waiting += [of.node for of in element.types]


if __name__ == "__main__":
    sys.stdout.write(validation_page())

"""Literal references: how they are written, where a resource has them, and rewriting them.

R4 `references.html` (literal references), `http.html#transaction` (which links a transaction
rewrites). The walk is driven by the element tables, so it reaches contained resources, bundle
entries and extensions, and nothing that merely looks like a reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from html import escape, unescape
from typing import Any, Final, TypeAlias, cast

from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.registry import REGISTRY, ElementType


class ReferenceKind(Enum):
    """How a literal reference says what it means."""

    RESOURCE = "resource"
    """`Patient/1`, or the same behind a base URL; perhaps with a version."""
    CONTAINED = "contained"
    """`#p1`, and `#` for the container itself."""
    URN = "urn"
    """`urn:uuid:…` or `urn:oid:…`: another entry of the same bundle."""
    CONDITIONAL = "conditional"
    """`Patient?identifier=…`, in transactions alone."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ParsedReference:
    """A literal reference taken apart."""

    kind: ReferenceKind
    text: str
    base: str | None = None
    """What stands in front of an absolute `…/Patient/1`, without the slash."""
    type_name: str | None = None
    logical_id: str | None = None
    version_id: str | None = None
    criteria: str | None = None
    """Of a conditional reference: what follows the question mark."""

    def is_local(self, base_url: str) -> bool:
        """Whether this names a resource of the server at `base_url`."""
        if self.kind is not ReferenceKind.RESOURCE:
            return False
        return self.base is None or self.base == base_url.rstrip("/")


_RESOURCE: Final = re.compile(
    r"(?:(https?://[^\s?#]+)/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/([A-Za-z0-9\-.]{1,64}))?"
)
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)


def parse_reference(text: str) -> ParsedReference:
    """Any text is something: what fits no form is `OTHER`."""
    if (found := _RESOURCE.fullmatch(text)) and REGISTRY.is_type(found[2]):
        return ParsedReference(ReferenceKind.RESOURCE, text, found[1], found[2], found[3], found[4])
    if text.startswith("#"):
        return ParsedReference(ReferenceKind.CONTAINED, text, logical_id=text[1:] or None)
    if text.startswith(("urn:uuid:", "urn:oid:")):
        return ParsedReference(ReferenceKind.URN, text)
    if (found := _CONDITIONAL.fullmatch(text)) and REGISTRY.is_type(found[1]):
        return ParsedReference(
            ReferenceKind.CONDITIONAL, text, type_name=found[1], criteria=found[2]
        )
    return ParsedReference(ReferenceKind.OTHER, text)


def literal_type(text: str) -> str | None:
    """The type that a literal or conditional reference names; quicker than taking it apart."""
    if found := _RESOURCE.fullmatch(text):
        name = found[2]
    elif found := _CONDITIONAL.fullmatch(text):
        name = found[1]
    else:
        return None
    return name if REGISTRY.is_type(name) else None


def target_type(reference: Resource) -> str | None:
    """The type of what a Reference element points to, as far as the element itself says it.

    A literal reference says it, else `Reference.type` does (`references.html#Reference`).
    """
    text = reference.get("reference")
    if isinstance(text, str) and (name := literal_type(text)) is not None:
        return name
    stated = reference.get("type")
    if isinstance(stated, str):
        name = stated.removeprefix("http://hl7.org/fhir/StructureDefinition/")
        return name if REGISTRY.is_type(name) else None
    return None


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a resource that holds a reference or a URI, as text."""

    path: str
    """`Observation.performer[0].reference`."""
    fhir_type: str
    """Reference, uri, url, canonical, oid or uuid."""
    holder: Any
    """The object or array that has it, to be read and rewritten in place."""
    key: str | int
    targets: tuple[str, ...]
    """Of a Reference or canonical: the types that the element allows; `Resource` is any."""

    @property
    def text(self) -> str:
        return cast(str, self.holder[self.key])

    @property
    def element(self) -> Resource:
        """The Reference element that a Reference's text stands in."""
        return cast(Resource, self.holder)

    def replace(self, text: str) -> None:
        self.holder[self.key] = text


def references(resource: Resource) -> list[Link]:
    """Every literal reference of a resource, in contained resources and extensions too."""
    return [link for link in links(resource) if link.fhir_type == "Reference"]


def links(resource: Resource) -> list[Link]:
    """Every literal reference and every element of type uri, url, canonical, oid, uuid."""
    found: list[Link] = []
    _walk_resource(resource, str(resource.get("resourceType")), found)
    return found


_URIS: Final = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_Visit: TypeAlias = Callable[[Any, str, list[Link]], None]
"""Takes one value (not an array), its path, and the list of what was found."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What to do at one JSON key."""

    name: str
    """In FHIRPath: `value.ofType(Reference)` for `valueReference`."""
    visit: _Visit | None
    """For an element that has children."""
    uri: ElementType | None
    """For an element that is itself a link."""


def _walk_resource(value: Any, path: str, found: list[Link]) -> None:
    if isinstance(value, OBJECT):
        members: Resource = value
        name = members.get("resourceType")
        if isinstance(name, str) and REGISTRY.is_type(name):
            _walk(_steps(name), members, path, found)


def _walk_reference(targets: tuple[str, ...]) -> _Visit:
    steps = _steps("Reference")

    def visit(value: Any, path: str, found: list[Link]) -> None:
        if isinstance(value, OBJECT):
            members: Resource = value
            if isinstance(members.get("reference"), str):
                place = f"{path}.reference"
                found.append(Link(place, "Reference", members, "reference", targets))
            _walk(steps, members, path, found)

    return visit


def _walk_node(node: str) -> _Visit:
    def visit(value: Any, path: str, found: list[Link]) -> None:
        if isinstance(value, OBJECT):
            members: Resource = value
            _walk(_steps(node), members, path, found)

    return visit


@cache
def _steps(node: str) -> dict[str, _Step]:
    """The JSON keys of a type at which links can stand, or below which they can."""
    steps: dict[str, _Step] = {}
    for element in REGISTRY.children(node).values():
        for of in element.types:
            key = element.json_name(of)
            name = f"{element.name}.ofType({of.name})" if element.is_choice else element.name
            if of.name not in REGISTRY.primitives:
                steps[key] = _Step(name, _visit(of), None)
                continue
            steps[f"_{key}"] = _Step(name, _walk_node(of.node), None)
            if of.name in _URIS:
                steps[key] = _Step(name, None, of)
    return steps


def _visit(of: ElementType) -> _Visit:
    if of.name == "Reference":
        return _walk_reference(of.targets)
    return _walk_resource if of.name == "Resource" else _walk_node(of.node)


def _walk(steps: dict[str, _Step], members: Resource, path: str, found: list[Link]) -> None:
    for key, value in members.items():
        step = steps.get(key)
        if step is None:
            continue
        many: list[Any] | None = value if isinstance(value, ARRAY) else None
        if step.uri is not None:
            _links_at(step.uri, members, key, f"{path}.{step.name}", found)
        elif step.visit is None:
            continue
        elif many is None:
            step.visit(value, f"{path}.{step.name}", found)
        else:
            for index, item in enumerate(many):
                step.visit(item, f"{path}.{step.name}[{index}]", found)


def _links_at(of: ElementType, members: Resource, key: str, path: str, found: list[Link]) -> None:
    value = members[key]
    if isinstance(value, str):
        found.append(Link(path, of.name, members, key, of.targets))
    elif isinstance(value, ARRAY):
        many: list[Any] = value
        found += [
            Link(f"{path}[{index}]", of.name, many, index, of.targets)
            for index, item in enumerate(many)
            if isinstance(item, str)
        ]


Mapping: TypeAlias = Callable[[str], "str | None"]
"""The new text of a link, or None to leave it."""

_REWRITTEN: Final = frozenset({"Reference", "uri", "url", "oid", "uuid"})
_WITH_NARRATIVES: Final = ("contained", "section")
"""Below which a `text` may be a Narrative: contained resources, sections of a Composition."""
_NARRATIVE_LINK: Final = re.compile(
    r"""(<(?:a|img)\b[^<>]*?\s(?:href|src)\s*=\s*)("[^"]*"|'[^']*')"""
)


_SPELT: Final = frozenset({"oid", "uuid"})
"""Types whose form no address of a resource has."""


def rewrite(
    resource: Resource, mapping: Mapping, later: list[tuple[Link, str]] | None = None
) -> list[Link]:
    """Rewrites in place every link that a transaction has to (`http.html#transaction`).

    Those are references, elements of type uri, url, oid and uuid, and `<a href>` and
    `<img src>` in narratives, those of a Composition's sections too. Elements of type canonical
    are not replaced. The references as they are then are returned, to save another walk. An oid
    or uuid is none afterwards: with `later`, what it becomes is put there, for those who have yet
    to check the resource.
    """
    found = links(resource)
    for link in found:
        if link.fhir_type in _REWRITTEN and (text := mapping(link.text)) is not None:
            if later is not None and link.fhir_type in _SPELT:
                later.append((link, text))
            else:
                link.replace(text)
    _rewrite_narratives(resource, mapping)
    return [link for link in found if link.fhir_type == "Reference"]


def _rewrite_narratives(resource: Resource, mapping: Mapping) -> None:
    narrative: Any = resource.get("text")
    if isinstance(narrative, OBJECT):
        _rewrite_narrative(narrative, mapping)
    for name in _WITH_NARRATIVES:
        below: Any = resource.get(name)
        for inner in below if isinstance(below, ARRAY) else ():
            if isinstance(inner, OBJECT):
                _rewrite_narratives(inner, mapping)


def _rewrite_narrative(narrative: Resource, mapping: Mapping) -> None:
    def replaced(match: re.Match[str]) -> str:
        text = mapping(unescape(match[2][1:-1]))
        return match[0] if text is None else f'{match[1]}"{escape(text)}"'

    div = narrative.get("div")
    if isinstance(div, str) and ("href" in div or "src" in div):
        narrative["div"] = _NARRATIVE_LINK.sub(replaced, div)

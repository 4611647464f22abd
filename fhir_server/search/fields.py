"""A search parameter as one type is searched by it: a definition, compiled (R4 3.1.1.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType
from typing import Final

from fhir_server.search.main_dates import MAIN_DATE
from fhir_server.search.suited import SUITED
from fhir_server.search.types import reference, string, token, uri, words
from resources.extraction import CompositeExtractor, Extractor, composite_extractor, extractor
from resources.registry import REGISTRY, Element, SearchParameter

SUPPORTED: Final = frozenset(
    ("token", "reference", "date", "string", "number", "quantity", "uri", "composite", "special")
)
"""Types of parameter; the others are refused."""
SORTABLE: Final = frozenset(("token", "date", "string", "number", "quantity", "uri"))
WORDS: Final = "words"
"""The type of `_text` and `_content`, which R4 calls strings."""
ID: Final = "_id"
LAST_UPDATED: Final = "_lastUpdated"

UNIONS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("Observation", "combo-code"): ("code", "component-code"),
    ("Observation", "combo-code-value-concept"): (
        "code-value-concept",
        "component-code-value-concept",
    ),
    ("Observation", "combo-code-value-quantity"): (
        "code-value-quantity",
        "component-code-value-quantity",
    ),
    ("Observation", "combo-value-quantity"): ("value-quantity", "component-value-quantity"),
    ("Observation", "combo-value-concept"): ("value-concept", "component-value-concept"),
    ("Patient", "phonetic"): ("name",),
    ("Person", "phonetic"): ("name",),
    ("Practitioner", "phonetic"): ("name",),
    ("RelatedPerson", "phonetic"): ("name",),
}
"""Parameters that find what others find, and so need no keys of their own. How `phonetic` matches
is left to the server; here it is by spelling, as `name`."""

_CROSSED: Final = "http://hl7.org/fhir/SearchParameter/DocumentReference-relationship"
"""A composite of two components of which R4 gives each the definition of the other."""

_WITHOUT_SORT: Final = frozenset(("_tag", "_security", "_profile", "_source"))


@dataclass(frozen=True, slots=True)
class Field:
    """One search parameter of one type."""

    name: str
    type: str
    definition: SearchParameter
    extract: Extractor | None
    """None for `_id` and `_lastUpdated`, and where `sources` are searched instead."""
    sources: tuple[str, ...]
    """The parameters whose keys it is searched by: itself, but for `UNIONS`."""
    targets: tuple[str, ...]
    """Of a reference: the types that this type's element may refer to."""
    implied: Mapping[str, str]
    """Of a code: the system that its binding implies, by code."""
    plain: frozenset[str]
    """Of a token: the primitive types and ContactPoint among its elements, if it has no other."""
    main: bool
    """It is the type's main date."""
    identifies: bool = False
    """Of a token: its elements are Identifiers."""
    alone: bool = True
    """It is no component of a composite, where there are no modifiers."""
    components: tuple[Component, ...] = ()
    """Of a composite."""
    keyed: bool = False
    """Of words: each has a key."""
    extract_parts: CompositeExtractor | None = None
    """Of a composite: what its components find in each element."""

    @property
    def sortable(self) -> bool:
        return self.type in SORTABLE and self.name not in _WITHOUT_SORT and len(self.sources) == 1

    @property
    def modifiers(self) -> tuple[str, ...]:
        """What may follow the name, apart from `:Type`."""
        match self.type:
            case "token":
                return ("missing", *token.MODIFIERS, *self._of_tokens)
            case "reference":
                return ("missing", reference.IDENTIFIER)
            case "string":
                return ("missing", *string.MODIFIERS)
            case "uri":
                return ("missing", *uri.MODIFIERS)
            case "composite":  # "Modifiers are not used on composite parameters"
                return ()
            case _:
                return ("missing",)

    @property
    def _of_tokens(self) -> tuple[str, ...]:
        if self.plain or self.name == ID or not self.alone:
            return ()
        return (*token.WITH_TEXT, *(token.WITH_TYPE if self.identifies else ()))


@dataclass(frozen=True, slots=True)
class Component:
    """One of the parameters that a composite joins."""

    whole: Field
    """As it is searched by on its own: what an element has, its resource has."""
    part: Field
    """As it is kept for one element, under its number."""


@cache
def standard_fields(type_name: str) -> Mapping[str, Field]:
    """R4's parameters of a type that work, by name."""
    known = REGISTRY.search_parameters
    return MappingProxyType(
        {
            name: compiled(type_name, parameter, known)
            for name, parameter in REGISTRY.parameters(type_name).items()
            if parameter.type in SUPPORTED and (parameter.expression or name in words.NAMES)
        }
    )


def compiled(
    type_name: str,
    parameter: SearchParameter,
    known: Mapping[str, SearchParameter],
    *,
    standard: bool = True,
) -> Field:
    """A parameter as this type is searched by it; the components of a composite are `known`.

    The expression of one that is not standard may lead to what its type cannot look at.
    """
    if parameter.name in words.NAMES:
        return _of_words(type_name, parameter)
    extract = partial(extractor, suited=None if standard else SUITED.get(parameter.type))
    components = _components(type_name, parameter, known) if parameter.components else ()
    extract_parts = partial(
        composite_extractor,
        suited=None if standard else [SUITED[each.whole.type] for each in components],
    )
    name = parameter.name
    sources = UNIONS.get((type_name, name), (name,))
    own = name not in (ID, LAST_UPDATED) and sources == (name,)
    joins = parameter.type == "composite"
    return Field(
        name=name,
        type=parameter.type,
        definition=parameter,
        extract=extract(parameter, type_name) if own and not joins else None,
        sources=sources,
        targets=_targets(type_name, parameter) if parameter.type == "reference" else (),
        implied=_implied(type_name, parameter) if parameter.type == "token" else {},
        plain=_plain(type_name, parameter) if parameter.type == "token" else frozenset(),
        main=MAIN_DATE.get(type_name) == name,
        identifies=parameter.type == "token" and _identifies(type_name, parameter),
        components=components if joins else (),
        extract_parts=extract_parts(parameter, type_name) if own and joins else None,
    )


def _of_words(type_name: str, parameter: SearchParameter) -> Field:
    """`_text` and `_content`, which have no expression and are of a type of their own here."""
    return Field(
        name=parameter.name,
        type=WORDS,
        definition=parameter,
        extract=None,
        sources=(parameter.name,),
        targets=(),
        implied={},
        plain=frozenset(),
        main=False,
        keyed=type_name in words.INDEXED,
    )


def _components(
    type_name: str, parameter: SearchParameter, known: Mapping[str, SearchParameter]
) -> tuple[Component, ...]:
    urls = [url for url, _ in parameter.components]
    if parameter.url == _CROSSED:
        urls.reverse()
    wholes = (compiled(type_name, known[url], known) for url in urls)
    return tuple(
        Component(whole, replace(whole, name=str(at), sources=(str(at),), main=False, alone=False))
        for at, whole in enumerate(wholes)
    )


_RESOLVES: Final = re.compile(r"resolve\(\)\s+is\s+(\w+)")
_PATH: Final = re.compile(r"[A-Z]\w*\.([\w.]+)")
_WHERE: Final = re.compile(r"\.where\(system='\w+'\)$")
_PLAIN: Final = frozenset(("ContactPoint",))


def _alternatives(type_name: str, parameter: SearchParameter) -> list[str]:
    """Those parts of the expression that speak of this type."""
    parts = (part.strip() for part in (parameter.expression or "").split("|"))
    return [part for part in parts if re.match(rf"\(?\s*{type_name}\b", part)]


def _targets(type_name: str, parameter: SearchParameter) -> tuple[str, ...]:
    """The targets of all base types together, narrowed to what this one's elements allow."""
    found: set[str] = set()
    for part in _alternatives(type_name, parameter):
        narrowed = _targets_of(type_name, part)
        if narrowed is None:
            return parameter.targets
        found |= narrowed
    return tuple(each for each in parameter.targets if each in found) or parameter.targets


def _targets_of(type_name: str, part: str) -> set[str] | None:
    """None where the expression does not say."""
    if resolved := _RESOLVES.search(part):
        return {resolved[1]}
    element = _element(type_name, part)
    references = [of for of in element.types if of.name == "Reference"] if element else []
    found = {target for of in references for target in of.targets}
    return found if found and "Resource" not in found else None


def _element(type_name: str, part: str) -> Element | None:
    """The element that a plain path leads to."""
    path = _PATH.fullmatch(part)
    return REGISTRY.element(type_name, path[1]) if path else None


def _implied(type_name: str, parameter: SearchParameter) -> Mapping[str, str]:
    """The systems of the value set that an element of type code is bound to."""
    found: dict[str, str] = {}
    for part in _alternatives(type_name, parameter):
        element = _element(type_name, part)
        if element is None or element.binding is None or element.types[0].name != "code":
            continue
        for system, codes in (REGISTRY.codes(element.binding[1]) or {}).items():
            found.update(dict.fromkeys(codes, system))
    return found


def _plain(type_name: str, parameter: SearchParameter) -> frozenset[str]:
    parts = _alternatives(type_name, parameter)
    if any(".exists()" in part for part in parts):
        return frozenset(("boolean",))
    elements = [_element(type_name, _WHERE.sub("", part)) for part in parts]
    found = frozenset(of.name for element in elements if element for of in element.types)
    complete = None not in elements
    return found if complete and found <= _PLAIN | REGISTRY.primitives else frozenset()


def _identifies(type_name: str, parameter: SearchParameter) -> bool:
    elements = [_element(type_name, part) for part in _alternatives(type_name, parameter)]
    return any(of.name == "Identifier" for each in elements if each for of in each.types)

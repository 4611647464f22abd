"""From a resource to its index entry: keys, spans and sort values of every search parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Focus, IndexEntry, Place, Scalar, Span, Stretch
from fhir_server.search.fields import Field
from fhir_server.search.folding import PAIRS, folds
from fhir_server.search.types import (
    date,
    near,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
    words,
)
from resources.extraction import CompositeExtractor, Extracted, Extractor
from resources.fhir_json import Resource

MAX_PAIRS: Final = 1000


class _Draft:
    """An index entry in the making."""

    __slots__ = ("base_url", "keys", "main", "place", "present", "ranges", "sort", "spans", "texts")

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.keys: set[str] = set()
        self.spans: dict[str, tuple[Span, ...]] = {}
        self.ranges: dict[str, tuple[Stretch, ...]] = {}
        self.texts: dict[str, frozenset[str]] = {}
        self.place: Place | None = None
        self.main: Span | None = None
        self.present: list[str] = []
        self.sort: dict[str, tuple[Scalar, Scalar]] = {}


_Add: TypeAlias = Callable[[list[Extracted], _Draft], None]


def index_entry(catalogue: Catalogue, resource: Resource, members: frozenset[str]) -> IndexEntry:
    """What the search and the access rules see of a resource that belongs to these records."""
    type_name: str = resource["resourceType"]
    draft = _Draft(catalogue.base_url)
    for name, extract, add in catalogue.once(_indexers, type_name):
        values = extract(resource)
        if values:
            draft.present.append(name)
            add(values, draft)
    for first, second in PAIRS.get(type_name, ()):
        _add_pairs(first, second, draft.keys)
    of_words = words.index(resource)
    draft.present += of_words
    if type_name in words.INDEXED:
        content = of_words.pop(words.CONTENT, frozenset())
        draft.keys.update(words.word_keys(content, len(members)))
    present = frozenset(draft.present)
    return IndexEntry(
        logical_id=resource.get("id", ""),
        last_updated=_last_updated(resource),
        members=members,
        keys=frozenset(draft.keys),
        spans=draft.spans,
        present=present,
        sort=draft.sort,
        main_date=draft.main,
        foldable=folds(type_name, len(members)),
        ranges=draft.ranges,
        texts=draft.texts,
        place=draft.place,
        words=of_words,
        composites=_composites(catalogue, type_name, resource, present),
    )


def _indexers(catalogue: Catalogue, type_name: str) -> tuple[tuple[str, Extractor, _Add], ...]:
    return tuple(
        (field.name, field.extract, _adder(field))
        for field in catalogue.indexed(type_name).values()
        if field.extract is not None
    )


_Composite: TypeAlias = tuple[str, frozenset[str], CompositeExtractor, tuple[_Add, ...]]
"""Name, the parameters without which it finds nothing, extractor and components."""


def _composite_indexers(catalogue: Catalogue, type_name: str) -> tuple[_Composite, ...]:
    return tuple(
        (
            field.name,
            frozenset(component.whole.name for component in field.components),
            field.extract_parts,
            tuple(_adder(component.part) for component in field.components),
        )
        for field in catalogue.indexed(type_name).values()
        if field.extract_parts is not None
    )


def _composites(
    catalogue: Catalogue, type_name: str, resource: Resource, present: frozenset[str]
) -> dict[str, tuple[Focus, ...]]:
    """What each element has for all components of a composite (R4 3.1.1.4.14)."""
    found: dict[str, tuple[Focus, ...]] = {}
    for name, required, extract, adders in catalogue.once(_composite_indexers, type_name):
        if required <= present:
            elements = (_focus(parts, adders, catalogue.base_url) for parts in extract(resource))
            if some := tuple(each for each in elements if each is not None):
                found[name] = some
    return found


def _focus(
    parts: tuple[list[Extracted], ...], adders: tuple[_Add, ...], base_url: str
) -> Focus | None:
    if not all(parts):
        return None
    draft = _Draft(base_url)
    for add, values in zip(adders, parts, strict=True):
        add(values, draft)
    return Focus(frozenset(draft.keys), draft.spans, draft.ranges)


def _adder(field: Field) -> _Add:
    match field.type:
        case "token":
            return _token_adder(field)
        case "string":
            return _string_adder(field)
        case "reference":
            return _reference_adder(field)
        case "special":
            return _add_place
        case "uri":
            return _uri_adder(field)
        case "number" | "quantity":
            return _range_adder(field)
        case _:
            return _main_date_adder() if field.main else _date_adder(field)


def _token_adder(field: Field) -> _Add:
    name, implied, sortable = field.name, field.implied, field.sortable

    texts, types = "text" in field.modifiers, "of-type" in field.modifiers

    def add(values: list[Extracted], draft: _Draft) -> None:
        first = token.index(name, values, draft.keys, implied)
        if texts and (words := frozenset(token.texts(values))):
            draft.texts[name] = words
        if types:
            token.index_types(name, values, draft.keys)
        if sortable and first[0] is not None:
            draft.sort[name] = first

    return add


def _string_adder(field: Field) -> _Add:
    name = field.name

    def add(values: list[Extracted], draft: _Draft) -> None:
        first = string.index(name, values, draft.keys)
        if first[0] is not None:
            draft.sort[name] = first

    return add


def _uri_adder(field: Field) -> _Add:
    name, sortable = field.name, field.sortable

    def add(values: list[Extracted], draft: _Draft) -> None:
        first = uri.index(name, values, draft.keys)
        if sortable and first[0] is not None:
            draft.sort[name] = first

    return add


def _reference_adder(field: Field) -> _Add:
    name = field.name

    def add(values: list[Extracted], draft: _Draft) -> None:
        reference.index(name, values, draft.keys, draft.base_url)

    return add


def _date_adder(field: Field) -> _Add:
    name = field.name

    def add(values: list[Extracted], draft: _Draft) -> None:
        if found := date.spans(values):
            draft.spans[name] = found
            draft.sort[name] = date.sort_values(found)

    return add


def _range_adder(field: Field) -> _Add:
    name = field.name
    of = number if field.type == "number" else quantity

    def add(values: list[Extracted], draft: _Draft) -> None:
        if found := of.stretches(values):
            draft.ranges[name] = found
            draft.sort[name] = of.sort_values(found)

    return add


def _add_place(values: list[Extracted], draft: _Draft) -> None:
    draft.place = near.point(values)


def _main_date_adder() -> _Add:
    def add(values: list[Extracted], draft: _Draft) -> None:
        found = date.spans(values)
        draft.main = found[0] if found else None

    return add


def _add_pairs(first: str, second: str, found: set[str]) -> None:
    ones, others = _halves(first, found), _halves(second, found)
    if not ones or not others:
        return
    if len(ones) * len(others) > MAX_PAIRS:
        raise error(Category.TOO_LONG, f"The resource has too many values of {first} and {second}.")
    name = f"{first}+{second}"
    found.update(keys.pair(name, one, other) for one in ones for other in others)


def _halves(parameter: str, found: set[str]) -> list[str]:
    start = f"{parameter}\x1f"
    halves = tuple(f"{start}{kind}\x1f" for kind in keys.HALVES)
    return [key[len(halves[0]) :] for key in found if key.startswith(halves)]


def _last_updated(resource: Resource) -> int:
    meta: Any = resource.get("meta")
    found = date.span(meta["lastUpdated"]) if meta and "lastUpdated" in meta else None
    return found.start if found else 0

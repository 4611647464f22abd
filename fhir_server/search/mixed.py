"""A search of several types at once: of all of them, of those that `_type` names, of those in a
compartment (R4 `search.html` 3.1.1.2, `http.html#search`).

"The search parameters need to be common to all": what is asked has to be a parameter of each type.
Each type's own definition of it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from fhir_server.outcome import Category, FhirError, Issue, error
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.compartments import within
from fhir_server.search.expression import Everything, Expression, Nothing, conjunction
from fhir_server.search.query import RESULT_PARAMETERS, TRANSPORT, SearchQuery, parse_search
from resources.registry import REGISTRY

TYPE: Final = "_type"
_SAME_OF_ALL: Final = frozenset(("_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"))
"""Parameters of Resource: the condition is the same for each type."""
_SHOWN: Final = 5

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class MixedQuery:
    """The same question to several types."""

    whole: SearchQuery
    """What is asked of them together; it has no type and no conditions."""
    parts: tuple[SearchQuery, ...]
    """What is asked of each type, in the order in which the types follow each other."""
    named: bool
    """The types are named by `_type`: one without a scope is refused, and not left out."""


def searched_types(parameters: Parameters, compartment: str = "") -> tuple[tuple[str, ...], bool]:
    """The types to be searched, in order of name, and whether `_type` names them.

    Raises INVALID for what is no type, or not in this type's compartments.
    """
    known = tuple(REGISTRY.compartment(compartment)) if compartment else REGISTRY.endpoints
    known = tuple(name for name in REGISTRY.endpoints if name in known)
    asked = [value for name, value in parameters if name == TYPE and value]
    if not asked:
        return known, False
    if len(asked) > 1:
        raise error(Category.INVALID, "_type is given twice; name all types in one, as _type=A,B.")
    names = asked[0].split(",")
    for name in names:
        _check_type(name, known, compartment)
    return tuple(name for name in known if name in names), True


def parse_mixed(
    catalogue: Catalogue,
    parameters: Parameters,
    *,
    compartment: str = "",
    strict: bool,
    default_count: int,
    max_count: int,
) -> MixedQuery:
    """Reads the (name, value) pairs of a search of several types, in this one's compartment
    (`Patient/123`) where one is given. Raises as `parse_search` does."""
    owner, _, logical_id = compartment.partition("/")
    types, named = searched_types(parameters, owner)
    reading = _Reading(catalogue, types, strict, default_count, max_count)
    for name, value in parameters:
        if name in TRANSPORT:
            continue
        if name == TYPE and value:
            reading.applied.append((name, value))
        elif name.partition(":")[0] in RESULT_PARAMETERS:
            reading.shape(name, value)
        else:
            reading.filter(name, value)
    whole = replace(reading.whole(), compartment=compartment)
    parts = [
        replace(whole, type_name=type_name, where=conjunction(*where), compartment="")
        for type_name, where in zip(types, reading.where, strict=True)
    ]
    if compartment:
        parts = [_inside(owner, logical_id, part) for part in parts]
    return MixedQuery(whole, tuple(parts), named)


def shared_parameters(catalogue: Catalogue, types: Sequence[str]) -> tuple[str, ...]:
    """What all of these are searched by. Those few that are no DomainResource have no narrative:
    a parameter of all others counts, and finds none of them."""
    with_narrative = [name for name in types if REGISTRY.base(name) == "DomainResource"] or types
    first, *others = (catalogue.fields(name) for name in with_narrative)
    return tuple(name for name in first if all(name in each for each in others))


def _inside(owner: str, logical_id: str, part: SearchQuery) -> SearchQuery:
    there = within(owner, logical_id, part.type_name)
    return replace(part, where=conjunction(there, part.where))


class _Reading:
    """A query of several types while its parameters are read."""

    def __init__(
        self,
        catalogue: Catalogue,
        types: tuple[str, ...],
        strict: bool,
        default_count: int,
        max_count: int,
    ) -> None:
        self.catalogue, self.types, self.strict = catalogue, types, strict
        self.default_count, self.max_count = default_count, max_count
        self.where: list[list[Expression]] = [[] for _ in types]
        self.applied: list[tuple[str, str]] = []
        self.warnings: list[Issue] = []
        self.together: list[tuple[str, str]] = []
        self.includes: list[SearchQuery] = []

    # ---- which resources ---------------------------------------------------------------------

    def filter(self, name: str, value: str) -> None:
        """A condition of each type."""
        conditions: list[Expression] = []
        for type_name in self._asked(name):
            found = self._read(type_name, name, value)
            if found is None:
                self._leave_out(type_name, name, value)
                return
            conditions.append(found)
        if len(conditions) == 1:
            conditions *= len(self.types)
        for where, condition in zip(self.where, conditions, strict=True):
            where.append(condition)
        self.applied.append((name, value))

    def _asked(self, name: str) -> tuple[str, ...]:
        """The types to read it for: one of them where it is the same for all."""
        return self.types[:1] if name.partition(":")[0] in _SAME_OF_ALL else self.types

    def _read(self, type_name: str, name: str, value: str) -> Expression | None:
        """The condition; None where nothing of the type is found by this name."""
        if self._narrative(type_name, name.partition(":")[0]):
            return Nothing()
        query = self._parse(type_name, [(name, value)], strict=False)
        return None if query.warnings else query.where

    def _leave_out(self, type_name: str, name: str, value: str) -> None:
        """Of one type, for what is wrong with it; of several, as it is not a parameter of each."""
        if not value or len(self.types) == 1:
            self.warnings += self._parse(type_name, [(name, value)], strict=self.strict).warnings
            return
        problem = _not_shared(self.catalogue, self.types, type_name, name)
        if self.strict:
            raise problem
        text = f"{problem} It was left out of this search."
        self.warnings.append(Issue("warning", problem.category.code, text))

    def _narrative(self, type_name: str, base: str) -> bool:
        """Whether it is a parameter of DomainResource, which this type is not."""
        if REGISTRY.base(type_name) == "DomainResource" or not base.startswith("_"):
            return False
        lacks = base not in self.catalogue.fields(type_name)
        return lacks and base in shared_parameters(self.catalogue, self.types)

    # ---- what of them ------------------------------------------------------------------------

    def shape(self, name: str, value: str) -> None:
        """What the answer is to look like: `_count`, `_total`, `_sort` and the includes."""
        if name.partition(":")[0] in ("_include", "_revinclude"):
            query = self._parse(self._source(name, value), [(name, value)], strict=self.strict)
            self.includes.append(query)
            self.warnings += query.warnings
            self.applied += query.applied
            return
        if name == "_sort":
            self._check_sort(value)
        self.together.append((name, value))
        self.applied.append((name, value))

    def whole(self) -> SearchQuery:
        """What they have in common."""
        query = self._parse(self.types[0], self.together, strict=self.strict)
        left_out = [pair for pair in self.together if pair not in query.applied]
        return replace(
            query,
            type_name="",
            where=Everything(),
            includes=tuple(one for each in self.includes for one in each.includes),
            revincludes=tuple(one for each in self.includes for one in each.revincludes),
            applied=tuple(pair for pair in self.applied if pair not in left_out),
            warnings=(*self.warnings, *query.warnings),
        )

    def _source(self, name: str, value: str) -> str:
        """A type of which this include can be asked, or the first to say what is wrong."""
        source, parameter, target = (*value.split(":"), "", "")[:3]
        if name.startswith("_include"):
            return source if source in self.types else self.types[0]
        among = (target,) if target in self.types else self.types
        way = f"{source}:{parameter}"
        for each in among:
            ways = self.catalogue.revincludes(each)
            if way in ways or (parameter == "*" and any(one.startswith(way[:-1]) for one in ways)):
                return each
        return among[0]

    def _check_sort(self, value: str) -> None:
        """Values of one kind, so that there is an order among the types."""
        for rule in value.split(","):
            name = rule.removeprefix("-")
            if name in ("_id", "_lastUpdated"):
                continue
            found = [self.catalogue.fields(each).get(name) for each in self.types]
            kinds = {each.type if each and each.sortable else None for each in found}
            if len(kinds) != 1 or None in kinds:
                raise _not_sorted(rule, name)

    def _parse(self, type_name: str, parameters: Parameters, *, strict: bool) -> SearchQuery:
        return parse_search(
            self.catalogue,
            type_name,
            parameters,
            strict=strict,
            default_count=self.default_count,
            max_count=self.max_count,
        )


# ---- what is wrong -----------------------------------------------------------------------------


def _check_type(name: str, known: Sequence[str], compartment: str) -> None:
    if name in known:
        return
    if name in REGISTRY.endpoints:
        text = f"_type={name}: it is not in the {compartment} compartment of R4."
        raise error(Category.INVALID, text)
    near = get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    text = f"_type: {name[:60]!r} is no resource type of FHIR R4.{hint}"
    raise error(Category.INVALID, text)


def _not_shared(catalogue: Catalogue, types: Sequence[str], lacking: str, name: str) -> FhirError:
    base = name.partition(":")[0].partition(".")[0]
    without = [each for each in types if base not in catalogue.fields(each)] or [lacking]
    shown = ", ".join(without[:_SHOWN]) + (" …" if len(without) > _SHOWN else "")
    hint = " Name types by _type that have it."
    if len(without) == len(types):
        near = get_close_matches(base, shared_parameters(catalogue, types), n=3, cutoff=0.6)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
    text = (
        f"{name}: a search of several types takes parameters that all of them share, and "
        f"{shown} cannot be searched by it.{hint}"
    )
    return error(Category.INVALID, text)


def _not_sorted(rule: str, name: str) -> FhirError:
    text = (
        f"_sort={rule}: several types are sorted by _id, _lastUpdated, or by a parameter that all "
        f"of them share and are sorted by; {name!r} is none."
    )
    return error(Category.INVALID, text)

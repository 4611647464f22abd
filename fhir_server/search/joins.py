"""Chained and reverse chained parameters (R4 `search.html` 3.1.1.4.13 and 3.1.1.4.14).

They are read into `Chain` and `Reverse`, which the store resolves into keys and ids before
anything is planned or matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.bounds import MOST_KEYS
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import (
    And,
    Chain,
    Expression,
    Key,
    KeyAmong,
    Not,
    Or,
    Reverse,
    disjunction,
)
from fhir_server.search.fields import Field
from fhir_server.search.once import Once
from fhir_server.search.unknown import UnknownParameter

Read: TypeAlias = Callable[[str, str, str], Expression]
"""Reads one parameter of a type: (type, `name:modifier`, value)."""

MAX_STEPS: Final = 5
"""References that one parameter may follow, one after the other."""
MAX_LOOKUPS: Final = 64
"""Lookups that one parameter may cost, where it leaves the types open."""
_HAS: Final = "_has:"


def is_join(name: str) -> bool:
    """Whether a parameter's name leads to another resource."""
    return "." in name or name.startswith(_HAS)


def read_join(
    catalogue: Catalogue, type_name: str, name: str, value: str, read: Read
) -> Expression:
    """The condition of `subject:Patient.name=x` or `_has:Observation:patient:code=x`."""
    steps = name.count(".") + name.count(_HAS)
    if steps > MAX_STEPS:
        text = f"{name}: it follows {steps} references; {MAX_STEPS} are the most."
        raise error(Category.TOO_COSTLY, text)
    return _Reading(catalogue, name, value, read).of(type_name, name)


def joins(expression: Expression) -> Iterator[Chain | Reverse]:
    """The joins in an expression, outermost first."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from joins(part)
        case Not(part):
            yield from joins(part)
        case Chain(_, _, inner) | Reverse(_, _, inner):
            yield expression
            yield from joins(inner)
        case _:
            return


def has_joins(expression: Expression) -> bool:
    """Whether only the store can decide it."""
    return next(joins(expression), None) is not None


def one_of(found: Iterable[str]) -> Expression:
    """Has one of these keys: one by one as long as an index can merge them in order."""
    wanted = frozenset(found)
    if len(wanted) > MOST_KEYS:
        return KeyAmong(wanted)
    return disjunction(*(Key(key) for key in sorted(wanted)))


@dataclass(frozen=True, slots=True)
class Link:
    """One reference of a chain: the chain as it was given, its parameter and what comes after."""

    chain: str
    field: Field
    rest: str

    def followed(self, target: str, inner: Callable[[str], Expression]) -> Expression:
        """A reference to something of which the rest, as `inner` reads it for a type, holds."""
        name, targets = self.field.name, self.field.targets
        if self.field.type != "reference":
            text = f"{self.chain}: {name} is a {self.field.type}, which leads to no other resource."
            raise UnknownParameter(error(Category.INVALID, text))
        if not target:
            return self._untyped(inner)
        if target not in targets:
            text = f"{self.chain}: {name} refers to {', '.join(targets)}, not to {target}."
            raise UnknownParameter(error(Category.INVALID, text))
        return Chain(name, target, inner(target))

    def _untyped(self, inner: Callable[[str], Expression]) -> Expression:
        """Of all possible targets: one that has no such parameter, or whose parameter cannot have
        such a value (`type` is a code of a Group and a boolean of an OperationDefinition), matches
        nothing; the chain is wrong only where that is so of all of them."""
        found: list[Chain] = []
        refused: UnknownParameter | None = None
        unreadable: FhirError | None = None
        for target in self.field.targets:
            try:
                found.append(Chain(self.field.name, target, inner(target)))
            except UnknownParameter as unknown:
                refused = unknown
            except FhirError as problem:
                if problem.category is not Category.INVALID:
                    raise
                unreadable = problem
        if not found and unreadable is not None:
            raise unreadable
        if not found:
            raise refused if len(self.field.targets) == 1 and refused else self._of_none()
        if sum(1 for each in found for _ in joins(each)) > MAX_LOOKUPS:
            text = (
                f"{self.chain}: {self.field.name} may refer to too many types; say which, for "
                f"example {self.field.name}:{found[0].target}.{self.rest}."
            )
            raise error(Category.TOO_COSTLY, text)
        return disjunction(*found)

    def _of_none(self) -> UnknownParameter:
        targets = self.field.targets
        shown = ", ".join(targets[:5]) + (" …" if len(targets) > 5 else "")
        text = (
            f"{self.chain}: nothing that {self.field.name} refers to ({shown}) is searched by "
            f"{self.rest}."
        )
        return UnknownParameter(error(Category.INVALID, text))


class _Reading:
    """One parameter while it is read; what several ways lead to is read once."""

    def __init__(self, catalogue: Catalogue, name: str, value: str, read: Read) -> None:
        self.catalogue, self.name, self.value, self.read = catalogue, name, value, read
        self._once = Once[tuple[str, str]]()

    def of(self, type_name: str, rest: str) -> Expression:
        """The rest of the name, asked of one type."""
        return self._once.read((type_name, rest), lambda: self._read(type_name, rest))

    def _read(self, type_name: str, rest: str) -> Expression:
        if rest.startswith(_HAS):
            return self._reverse(type_name, rest)
        if "." in rest:
            return self._chain(type_name, rest)
        return self.read(type_name, rest, self.value)

    def _chain(self, type_name: str, rest: str) -> Expression:
        """`subject:Patient.name`; without the type, of all that the reference may be to and
        that can be asked so: "a logical or of the possible targets"."""
        first, _, inner = rest.partition(".")
        name, _, target = first.partition(":")
        field = self.catalogue.fields(type_name).get(name)
        if field is None:
            return self.read(type_name, name, self.value)  # which tells what is wrong with it
        link = Link(self.name, field, inner)
        return link.followed(target, lambda one: self.of(one, inner))

    def _reverse(self, type_name: str, rest: str) -> Expression:
        """`_has:Observation:patient:code`: what is referred to by an Observation so."""
        _, source, name, inner = (*rest.split(":", 3), "", "", "")[:4]
        if not inner:
            text = f"{self.name}: it is written _has:Type:reference:parameter."
            raise error(Category.INVALID, text)
        way, known = f"{source}:{name}", self.catalogue.revincludes(type_name)
        if way not in known:
            near = get_close_matches(way, known, n=3)
            hint = (
                f" Did you mean {' or '.join(f'_has:{each}:…' for each in near)}?" if near else ""
            )
            text = f"{self.name}: {way} is no reference to {type_name}.{hint}"
            raise UnknownParameter(error(Category.INVALID, text))
        return Reverse(source, name, self.of(source, inner))

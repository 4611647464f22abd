"""The functions of FHIRPath that invariants call (HL7 FHIRPath N1, Functions; R4 `fhirpath.html`).

Each takes what was compiled of its source and of its arguments. A condition answers true, false or
None, which stands for FHIRPath's empty collection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final, TypeAlias

from resources.validation.fhirpath.items import (
    Item,
    Items,
    children,
    descendants,
    identity,
    is_of,
    members,
)


class Undecided(Exception):
    """FHIRPath calls it an error: several values where one is wanted."""


class Scope:
    """What stays the same during one evaluation."""

    __slots__ = ("context", "known", "memo", "resource", "root")

    def __init__(self, context: Item, resource: Item, root: Item) -> None:
        self.context = context
        """`%context`: where the expression stands."""
        self.resource = resource
        """`%resource`: the resource around it."""
        self.root = root
        """`%rootResource`: the container of that resource, or the resource itself."""
        self.memo: dict[int, Items] = {}
        """What parts of the expression found that ask the same each time."""
        self.known: dict[int, Set[object]] = {}
        """The same of parts in which something is looked up."""


Select: TypeAlias = Callable[[Item, Scope], Items]
Decide: TypeAlias = Callable[[Item, Scope], "bool | None"]


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument, as whatever the function takes it for."""

    select: Select
    decide: Decide
    name: str
    """Where it is a bare name: of a type."""


Arguments: TypeAlias = tuple[Argument, ...]


def one(found: Items) -> Item | None:
    """The single value, or None of an empty collection."""
    if len(found) > 1:
        raise Undecided
    return found[0] if found else None


def truth(found: Items) -> bool | None:
    """HL7 FHIRPath N1, Singleton Evaluation of Collections: any one value stands for true."""
    item = one(found)
    if item is None or item.value is None:
        return None
    return item.value if isinstance(item.value, bool) else True


def text(found: Items) -> str | None:
    item = one(found)
    return item.value if item is not None and isinstance(item.value, str) else None


def reckoned(value: str | int | bool | Decimal | None) -> Items:
    """What a function came to, as a collection."""
    return [] if value is None else [Item(value, "")]


def distinct(found: Items) -> Items:
    return list({identity(item): item for item in reversed(found)}.values())[::-1]


# --- that find values ---


def _where(source: Select, given: Arguments) -> Select:
    decide = given[0].decide
    return lambda this, scope: [item for item in source(this, scope) if decide(item, scope)]


def _project(source: Select, given: Arguments) -> Select:
    select = given[0].select
    return lambda this, scope: [
        found for item in source(this, scope) for found in select(item, scope)
    ]


def _slice(start: int | None, end: int | None) -> Callable[[Select, Arguments], Select]:
    return lambda source, _: lambda this, scope: source(this, scope)[start:end]


def _item(source: Select, given: Arguments) -> Select:
    def pick(this: Item, scope: Scope) -> Items:
        at = one(given[0].select(this, scope))
        start: int = at.value if at is not None and type(at.value) is int else 0
        return source(this, scope)[start : start + 1]

    return pick


def _of_type(source: Select, given: Arguments) -> Select:
    name = given[0].name
    return lambda this, scope: [item for item in source(this, scope) if is_of(item, name)]


def _children(source: Select, _: Arguments) -> Select:
    return lambda this, scope: [found for item in source(this, scope) for found in children(item)]


def _descendants(source: Select, _: Arguments) -> Select:
    return lambda this, scope: [
        found for item in source(this, scope) for found in descendants(item)
    ]


def _extension(source: Select, given: Arguments) -> Select:
    def find(this: Item, scope: Scope) -> Items:
        url = text(given[0].select(this, scope))
        found = (each for item in source(this, scope) for each in members(item, "extension"))
        return [each for each in found if each.inside.get("url") == url]

    return find


def _itself(source: Select, _: Arguments) -> Select:
    return source


def _combine(source: Select, given: Arguments) -> Select:
    return lambda this, scope: source(this, scope) + given[0].select(this, scope)


def _intersect(source: Select, given: Arguments) -> Select:
    def find(this: Item, scope: Scope) -> Items:
        others = {identity(item) for item in given[0].select(this, scope)}
        return [item for item in distinct(source(this, scope)) if identity(item) in others]

    return find


def _distinct(source: Select, _: Arguments) -> Select:
    return lambda this, scope: distinct(source(this, scope))


def _choose(source: Select, given: Arguments) -> Select:
    """`iif(condition, then, else)`, each asked of the one value of the source."""

    def find(this: Item, scope: Scope) -> Items:
        found = source(this, scope)
        chosen = 1 if given[0].decide(found[0] if found else this, scope) else 2
        return given[chosen].select(this, scope) if chosen < len(given) else []

    return find


def _count(source: Select, _: Arguments) -> Select:
    return lambda this, scope: [Item(len(source(this, scope)), "")]


def _to_integer(source: Select, _: Arguments) -> Select:
    def find(this: Item, scope: Scope) -> Items:
        item = one(source(this, scope))
        said = item.value if item is not None else None
        if isinstance(said, str):
            return reckoned(int(said) if re.fullmatch(r"[+-]?\d{1,18}", said, re.ASCII) else None)
        return reckoned(said if type(said) is int else None)

    return find


def _to_string(source: Select, _: Arguments) -> Select:
    def find(this: Item, scope: Scope) -> Items:
        item = one(source(this, scope))
        if item is None or not isinstance(item.value, str | int | Decimal):
            return []
        said = item.value
        return reckoned(str(said).lower() if isinstance(said, bool) else str(said))

    return find


def _substring(source: Select, given: Arguments) -> Select:
    def find(this: Item, scope: Scope) -> Items:
        said = text(source(this, scope))
        at = one(given[0].select(this, scope))
        if said is None or at is None or type(at.value) is not int or at.value >= len(said):
            return []
        return reckoned(said[at.value :])

    return find


def _replace_matches(source: Select, given: Arguments) -> Select:
    def find(this: Item, scope: Scope) -> Items:
        said = text(source(this, scope))
        pattern, new = (text(each.select(this, scope)) for each in given)
        if said is None or pattern is None or new is None:
            return []
        return reckoned(_pattern(pattern).sub(lambda _: new, said))

    return find


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


SELECTING: Final[Mapping[str, Callable[[Select, Arguments], Select]]] = {
    "as": _of_type,
    "children": _children,
    "combine": _combine,
    "count": _count,
    "descendants": _descendants,
    "distinct": _distinct,
    "extension": _extension,
    "first": _slice(0, 1),
    "iif": _choose,
    "intersect": _intersect,
    "item": _item,
    "last": _slice(-1, None),
    "ofType": _of_type,
    "replaceMatches": _replace_matches,
    "select": _project,
    "substring": _substring,
    "tail": _slice(1, None),
    "toInteger": _to_integer,
    "toString": _to_string,
    "trace": _itself,
    "where": _where,
}
BINDING: Final = frozenset(("where", "select", "all", "exists", "iif", "as", "is", "ofType"))
"""Those whose argument is asked of each value, as its `$this`, or is a type."""


# --- that decide ---


def _exists(source: Select, given: Arguments) -> Decide:
    if given:
        source = _where(source, given)
    return lambda this, scope: bool(source(this, scope))


def _empty(source: Select, _: Arguments) -> Decide:
    return lambda this, scope: not source(this, scope)


def _not(source: Select, _: Arguments) -> Decide:
    def decide(this: Item, scope: Scope) -> bool | None:
        found = truth(source(this, scope))
        return None if found is None else not found

    return decide


def _all(source: Select, given: Arguments) -> Decide:
    decide = given[0].decide
    return lambda this, scope: all(decide(item, scope) for item in source(this, scope))


def _is_distinct(source: Select, _: Arguments) -> Decide:
    def decide(this: Item, scope: Scope) -> bool:
        found = source(this, scope)
        return len({identity(item) for item in found}) == len(found)

    return decide


def _has_value(source: Select, _: Arguments) -> Decide:
    def decide(this: Item, scope: Scope) -> bool:
        found = source(this, scope)
        return len(found) == 1 and isinstance(found[0].value, str | int | Decimal)

    return decide


def _is(source: Select, given: Arguments) -> Decide:
    def decide(this: Item, scope: Scope) -> bool | None:
        item = one(source(this, scope))
        return None if item is None else is_of(item, given[0].name)

    return decide


def _of_text(test: Callable[[str, str], bool]) -> Callable[[Select, Arguments], Decide]:
    def function(source: Select, given: Arguments) -> Decide:
        def decide(this: Item, scope: Scope) -> bool | None:
            said, other = text(source(this, scope)), text(given[0].select(this, scope))
            return None if said is None or other is None else test(said, other)

        return decide

    return function


def _matches(said: str, pattern: str) -> bool:
    """As a whole, which is how HL7's own validator of R4 reads it and what eld-19 needs."""
    return _pattern(pattern).fullmatch(said) is not None


DECIDING: Final[Mapping[str, Callable[[Select, Arguments], Decide]]] = {
    "all": _all,
    "contains": _of_text(lambda said, part: part in said),
    "empty": _empty,
    "endsWith": _of_text(str.endswith),
    "exists": _exists,
    "hasValue": _has_value,
    "is": _is,
    "isDistinct": _is_distinct,
    "matches": _of_text(_matches),
    "not": _not,
    "startsWith": _of_text(str.startswith),
}
_ARGUMENTS: Final[Mapping[str, Collection[int]]] = {
    **dict.fromkeys(
        ("all", "as", "combine", "contains", "endsWith", "extension", "intersect"), (1,)
    ),
    **dict.fromkeys(("is", "item", "matches", "ofType", "select", "startsWith", "where"), (1,)),
    "exists": (0, 1),
    "iif": (2, 3),
    "replaceMatches": (2,),
    "substring": (1,),
    "trace": (1, 2),
}


def wanted_arguments(name: str) -> Collection[int]:
    """How many arguments a function takes."""
    return _ARGUMENTS.get(name, (0,))

"""Compiles the FHIRPath of an invariant into a function (HL7 FHIRPath N1, Operations).

An expression of the definitions is compiled once and then only asked. Parts of it that do not
depend on `$this` are found once in an evaluation, so that a rule about each element of a list that
looks at the whole list takes time in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from resources.validation.fhirpath import items
from resources.validation.fhirpath.functions import (
    BINDING,
    DECIDING,
    SELECTING,
    Argument,
    Decide,
    Scope,
    Select,
    Undecided,
    distinct,
    one,
    reckoned,
    text,
    truth,
    wanted_arguments,
)
from resources.validation.fhirpath.grammar import (
    THIS,
    Binary,
    Call,
    Literal,
    Member,
    Node,
    UnknownExpression,
    Variable,
    parse,
    parts,
)
from resources.validation.fhirpath.items import Item, Items, identity
from resources.validation.times import surely_after

_VARIABLES: Final[Mapping[str, Select]] = {
    "$this": lambda this, _: [this],
    "%context": lambda _, scope: [scope.context],
    "%resource": lambda _, scope: [scope.resource],
    "%rootResource": lambda _, scope: [scope.root],
    "%ucum": lambda _, __: [Item("http://unitsofmeasure.org", "")],
}
_AROUND: Final = frozenset(("%context", "%resource", "%rootResource"))
_TIMES: Final = frozenset(("date", "dateTime", "instant"))


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that is true, false or nothing of an element."""

    decide: Decide
    looks_around: bool
    """Whether it asks for `%resource`, or another one of the variables that stand for resources."""
    asks: frozenset[str] | None
    """The members that it asks for, where it asks for nothing else."""


def compiled(expression: str) -> Condition:
    """Raises `UnknownExpression` for what is not offered here."""
    tree = parse(expression)
    around = any(isinstance(one, Variable) and one.name in _AROUND for one in parts(tree))
    return Condition(_compiled(tree).decide, around, None if around else _asked(tree))


def evaluate(condition: Condition, context: Item, resource: Item, root: Item) -> bool | None:
    """The verdict, of which None is FHIRPath's empty collection. Raises `Undecided` for what it
    calls an error, and for numbers that cannot be compared."""
    try:
        return condition.decide(context, Scope(context, resource, root))
    except (ArithmeticError, TypeError, RecursionError):
        raise Undecided from None


def _asked(node: Node) -> frozenset[str] | None:
    """The members of `$this` that a node asks for; None where it asks for more of it."""
    match node:
        case Literal():
            return frozenset()
        case Variable():
            return frozenset() if node.name == "%ucum" else None
        case Member(source, name):
            return frozenset((name,)) if source is THIS and name[0].islower() else _asked(source)
        case Call(source, name, arguments):
            return _asked_by((source, *(() if name in BINDING else arguments)))
        case Binary(_, left, right):
            return _asked_by((left, right))


def _asked_by(nodes: Iterable[Node]) -> frozenset[str] | None:
    found: set[str] = set()
    for node in nodes:
        asked = _asked(node)
        if asked is None:
            return None
        found |= asked
    return frozenset(found)


def _compiled(node: Node) -> Argument:
    """A node, both as the values that it finds and as the condition that it is."""
    match node:
        case Literal(value):
            constant = [Item(value, "")]
            return _values(lambda _, __: constant)
        case Variable(name) if name in _VARIABLES:
            return _values(_VARIABLES[name])
        case Member(source, name):
            return _values(_remembered(node, _member(source, name)), name)
        case Call():
            return _call(node)
        case Binary(operator, left, right) if operator in _MEMBERSHIP:
            value, many = (left, right) if operator == "in" else (right, left)
            return _condition(_within(_compiled(value).select, _identities(many)))
        case Binary(operator, left, right):
            return _binary(operator, _compiled(left), _compiled(right))
        case Variable(name):
            raise UnknownExpression(f"{name} is not known")


def _call(node: Call) -> Argument:
    if node.name in _PRESENCE and not node.arguments and (asked := _own_member(node.source)):
        return _condition(_presence(asked, wanted=node.name == "exists"))
    source = _compiled(node.source).select
    given = tuple(_compiled(argument) for argument in node.arguments)
    if len(given) not in wanted_arguments(node.name):
        raise UnknownExpression(f"{node.name}() does not take {len(given)} arguments")
    if node.name in SELECTING:
        return _values(_remembered(node, SELECTING[node.name](source, given)))
    if node.name in DECIDING:
        return _condition(DECIDING[node.name](source, given))
    raise UnknownExpression(f"{node.name}() is not known")


def _binary(operator: str, left: Argument, right: Argument) -> Argument:
    if operator in _LOGICAL:
        return _condition(_LOGICAL[operator](left.decide, right.decide))
    if operator in _COMPARING:
        return _condition(_COMPARING[operator](left.select, right.select))
    if operator in _JOINING:
        return _values(_JOINING[operator](left.select, right.select))
    raise UnknownExpression(f"{operator} is not known")


def _values(select: Select, name: str = "") -> Argument:
    return Argument(select, lambda this, scope: truth(select(this, scope)), name)


def _condition(decide: Decide) -> Argument:
    return Argument(lambda this, scope: reckoned(decide(this, scope)), decide, "")


# --- values ---


def _member(source: Node, name: str) -> Select:
    """Of a path that begins with a type, as in `Appointment.status`, the element itself."""
    if source is THIS and name[0].isupper():
        return lambda this, _: [this] if items.is_of(this, name) else []
    if source is THIS:
        return lambda this, _: list(items.members(this, name))
    found = _compiled(source).select
    return lambda this, scope: [
        each for item in found(this, scope) for each in items.members(item, name)
    ]


def _remembered(node: Node, find: Select) -> Select:
    if _asks_this(node):
        return find
    key = id(find)

    def remembered(this: Item, scope: Scope) -> Items:
        known = scope.memo.get(key)
        if known is None:
            known = scope.memo[key] = find(this, scope)
        return known

    return remembered


def _identities(node: Node) -> Callable[[Item, Scope], Set[object]]:
    """What can be looked up in, made once where it stays the same."""
    find = _compiled(node).select
    remembers, key = not _asks_this(node), id(find)

    def found(this: Item, scope: Scope) -> Set[object]:
        known = scope.known.get(key) if remembers else None
        if known is None:
            known = scope.known[key] = {identity(item) for item in find(this, scope)}
        return known

    return found


def _asks_this(node: Node) -> bool:
    """Whether the answer depends on `$this`."""
    match node:
        case Literal():
            return False
        case Variable(name):
            return name == "$this"
        case Member(source, _):
            return _asks_this(source)
        case Call(source, name, arguments):
            given = () if name in BINDING else arguments
            return _asks_this(source) or any(_asks_this(one) for one in given)
        case Binary(_, left, right):
            return _asks_this(left) or _asks_this(right)


def _union(left: Select, right: Select) -> Select:
    return lambda this, scope: distinct(left(this, scope) + right(this, scope))


def _concatenation(left: Select, right: Select) -> Select:
    """`&`: what is not there counts as an empty text."""
    return lambda this, scope: reckoned(
        (text(left(this, scope)) or "") + (text(right(this, scope)) or "")
    )


def _sum(left: Select, right: Select) -> Select:
    def add(this: Item, scope: Scope) -> Items:
        first, second = one(left(this, scope)), one(right(this, scope))
        if first is None or second is None:
            return []
        if isinstance(first.value, str) and isinstance(second.value, str):
            return reckoned(first.value + second.value)
        if _is_number(first.value) and _is_number(second.value):
            return reckoned(first.value + second.value)
        raise Undecided

    return add


_JOINING: Final[Mapping[str, Callable[[Select, Select], Select]]] = {
    "|": _union,
    "&": _concatenation,
    "+": _sum,
}


# --- conditions ---

_PRESENCE: Final = frozenset(("exists", "empty"))


def _own_member(source: Node) -> str:
    """The name of a member of `$this`, which is what is asked about most."""
    if isinstance(source, Member) and source.source is THIS and source.name[0].islower():
        return source.name
    return ""


def _presence(name: str, *, wanted: bool) -> Decide:
    return lambda this, _: items.exists(this, name) is wanted


def _and(left: Decide, right: Decide) -> Decide:
    def decide(this: Item, scope: Scope) -> bool | None:
        first = left(this, scope)
        if first is False:
            return False
        second = right(this, scope)
        if second is False:
            return False
        return True if first and second else None

    return decide


def _or(left: Decide, right: Decide) -> Decide:
    def decide(this: Item, scope: Scope) -> bool | None:
        first = left(this, scope)
        if first:
            return True
        second = right(this, scope)
        if second:
            return True
        return None if first is None or second is None else False

    return decide


def _xor(left: Decide, right: Decide) -> Decide:
    def decide(this: Item, scope: Scope) -> bool | None:
        first, second = left(this, scope), right(this, scope)
        return None if first is None or second is None else first is not second

    return decide


def _implies(left: Decide, right: Decide) -> Decide:
    def decide(this: Item, scope: Scope) -> bool | None:
        first = left(this, scope)
        if first is False:
            return True
        second = right(this, scope)
        if second:
            return True
        return None if first is None else second

    return decide


_LOGICAL: Final[Mapping[str, Callable[[Decide, Decide], Decide]]] = {
    "and": _and,
    "implies": _implies,
    "or": _or,
    "xor": _xor,
}


def _equal(*, wanted: bool) -> Callable[[Select, Select], Decide]:
    def comparison(left: Select, right: Select) -> Decide:
        def decide(this: Item, scope: Scope) -> bool | None:
            ones, others = left(this, scope), right(this, scope)
            if not ones or not others:
                return None
            same = [identity(item) for item in ones] == [identity(item) for item in others]
            return same is wanted

        return decide

    return comparison


def _ordered(test: Callable[[int], bool]) -> Callable[[Select, Select], Decide]:
    """`<`, `<=`, `>`, `>=`, by whether the left one is below, equal or above."""

    def comparison(left: Select, right: Select) -> Decide:
        def decide(this: Item, scope: Scope) -> bool | None:
            first, second = one(left(this, scope)), one(right(this, scope))
            if first is None or second is None:
                return None
            order = _order(first, second)
            return None if order is None else test(order)

        return decide

    return comparison


def _order(first: Item, second: Item) -> int | None:
    one, other = first.value, second.value
    if _is_number(one) and _is_number(other):
        return (one > other) - (one < other)
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    if first.type not in _TIMES:
        return (one > other) - (one < other)
    if surely_after(one, other):
        return 1
    if surely_after(other, one):
        return -1
    return 0 if one == other else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _within(value: Select, many: Callable[[Item, Scope], Set[object]]) -> Decide:
    """`value in many`"""

    def decide(this: Item, scope: Scope) -> bool | None:
        item = one(value(this, scope))
        return None if item is None else identity(item) in many(this, scope)

    return decide


_MEMBERSHIP: Final = frozenset(("in", "contains"))
_COMPARING: Final[Mapping[str, Callable[[Select, Select], Decide]]] = {
    "!=": _equal(wanted=False),
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    "=": _equal(wanted=True),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
}

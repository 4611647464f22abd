"""The grammar of FHIRPath as invariants use it (R4 `fhirpath.html`; HL7 FHIRPath N1, Grammar).

An expression becomes a tree of five kinds of node. `a is T` and `a as T` are the functions of the
same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final, TypeAlias

DEEPEST: Final = 40
"""How deeply expressions may nest; HL7's own nest eight levels."""
LONGEST: Final = 300
"""Tokens of an expression; HL7's own have a hundred."""
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>\d{1,18}(?:\.\d{1,18})?)|(?P<variable>%[A-Za-z]\w*)
    |(?P<name>[A-Za-z_]\w*|`[^`]+`)|(?P<this>\$this)|(?P<sign>!=|!~|<=|>=|[=~<>|&+.,(){}\[\]-]))""",
    re.VERBOSE,
)
_STRENGTHS: Final = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    **dict.fromkeys(("=", "!=", "~", "!~"), 5),
    **dict.fromkeys(("<", ">", "<=", ">="), 6),
    "|": 7,
    "is": 8,
    "as": 8,
    **dict.fromkeys(("+", "-", "&"), 9),
}
"""How tightly an operator binds."""
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


class UnknownExpression(ValueError):
    """An expression that is no FHIRPath, or more of it than is offered here."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`'x'`, `1.5`, `true`"""

    value: str | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`$this`, `%resource`"""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`source.name`; of `$this` where no source is written."""

    source: Node
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`source.name(…)`"""

    source: Node
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`"""

    operator: str
    left: Node
    right: Node


Node: TypeAlias = Literal | Variable | Member | Call | Binary
THIS: Final = Variable("$this")


def parse(expression: str) -> Node:
    """The tree of an expression. Raises `UnknownExpression`."""
    return _Reader(expression).whole()


def parts(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    match node:
        case Literal() | Variable():
            return
        case Member(source, _):
            below: tuple[Node, ...] = (source,)
        case Call(source, _, arguments):
            below = (source, *arguments)
        case Binary(_, left, right):
            below = (left, right)
    for each in below:
        yield from parts(each)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class _Reader:
    """An expression while it is read."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = list(islice(self._tokens(), LONGEST))
        if self.tokens[-1].kind != "end":
            raise UnknownExpression(f"{expression!r:.200} is too long")
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        found = self._expression(0)
        if self._peek().kind != "end":
            raise self._wrong()
        return found

    def _tokens(self) -> Iterator[_Token]:
        at, end = 0, len(self.expression.rstrip())
        while at < end:
            found = _TOKEN.match(self.expression, at)
            if found is None or found.lastgroup is None:
                raise UnknownExpression(f"{self.expression!r:.200} at character {at}")
            yield _Token(found.lastgroup, found[found.lastgroup])
            at = found.end()
        yield _Token("end", "")

    def _peek(self) -> _Token:
        return self.tokens[self.at]

    def _next(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _has(self, sign: str) -> bool:
        if self._peek() != _Token("sign", sign):
            return False
        self.at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._has(sign):
            raise self._wrong()

    def _wrong(self) -> UnknownExpression:
        return UnknownExpression(f"{self.expression!r:.200} at {self._peek().text!r:.40}")

    def _expression(self, least: int) -> Node:
        """Operators that bind more tightly than `least`; those of one strength from the left."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong()
        found = self._path()
        while (strength := self._strength()) > least:
            operator = self._next().text
            right = self._expression(strength)
            if operator in ("is", "as"):
                found = Call(found, operator, (right,))
            else:
                found = Binary(operator, found, right)
        self.depth -= 1
        return found

    def _strength(self) -> int:
        token = self._peek()
        return _STRENGTHS.get(token.text, 0) if token.kind in ("sign", "name") else 0

    def _path(self) -> Node:
        found = self._start()
        while True:
            if self._has("."):
                found = self._step(found)
            elif self._has("["):
                found = Call(found, "item", (self._expression(0),))
                self._expect("]")
            else:
                return found

    def _start(self) -> Node:
        token = self._peek()
        if token.kind == "name" and token.text not in ("true", "false"):
            return self._step(THIS)
        self.at += 1
        match token.kind:
            case "string":
                return Literal(_unquoted(token.text))
            case "number":
                return Literal(Decimal(token.text) if "." in token.text else int(token.text))
            case "name":
                return Literal(token.text == "true")
            case "this" | "variable":
                return Variable(token.text)
            case _:
                self.at -= 1
                self._expect("(")
                inner = self._expression(0)
                self._expect(")")
                return inner

    def _step(self, source: Node) -> Node:
        token = self._next()
        if token.kind != "name":
            self.at -= 1
            raise self._wrong()
        if not self._has("("):
            return Member(source, token.text.strip("`"))
        arguments: list[Node] = []
        while not self._has(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression(0))
        return Call(source, token.text, tuple(arguments))


def _unquoted(literal: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescaped, literal[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    return chr(int(escaped[1:], 16)) if len(escaped) == 5 else _ESCAPES.get(escaped, escaped)

"""The FHIRPath of a patch (R4 `fhirpatch.html`): a path to elements that can be changed.

A patch needs the place of what a path finds and not its value alone, so this is an evaluator of its
own, of that part of FHIRPath which selects: members, `[n]`, `first()`, `last()`, `where(…)`,
`extension('url')`, `ofType(T)`, and inside `where` comparisons, `exists()`, `empty()`, `not()`,
`startsWith()`, `contains()`, `and`, `or`. Whatever else a path says is refused by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from resources.patching.elements import Node
from resources.patching.trouble import BadPatch, Effort

LONGEST: Final = 1_000
"""Characters of a path."""
_DEEPEST: Final = 20
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<date>@[\dTZ:+.-]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`]+`)|(?P<this>\$this)|(?P<sign>!=|!~|<=|>=|[=~<>.,()\[\]]))""",
    re.VERBOSE,
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

Select: TypeAlias = Callable[[Sequence[Node]], list[Node]]
Decide: TypeAlias = Callable[[Node], bool]
Read: TypeAlias = Callable[[Node], list[Any]]
"""The values that one operand of a comparison has."""


def select(path: str, resource: Node, effort: Effort) -> list[Node]:
    """The elements that the path finds. Raises `BadPatch` with the position of what is wrong, and
    where it looks at too much."""
    return _Reader(path, effort).whole(resource.name)([resource])


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """A path while it is read, into functions."""

    def __init__(self, path: str, effort: Effort) -> None:
        if len(path) > LONGEST:
            raise BadPatch(f"a path has at most {LONGEST} characters")
        self.path, self.effort = path, effort
        self.tokens = list(self._tokens())
        self.next = 0
        self.depth = 0

    def whole(self, type_name: str) -> Select:
        """`Patient.name[0]`: it begins with the type, or at once with a member."""
        first = self._take("name").text
        named = first in (type_name, "Resource", "DomainResource")
        if first[0].isupper() and not named:
            raise BadPatch(f"the path begins with {first:.60}, and this is a {type_name}")
        start = _itself if named else self._member(first)
        found = self._steps(start)
        if self.next < len(self.tokens):
            raise self._wrong("the path should end here")
        return found

    # ---- tokens ------------------------------------------------------------------------------

    def _tokens(self) -> list[_Token]:
        found: list[_Token] = []
        at, end = 0, len(self.path.rstrip())
        while at < end:
            token = _TOKEN.match(self.path, at)
            if token is None or token.lastgroup is None:
                raise BadPatch(f"the path {self.path!r:.100} cannot be read from character {at}")
            found.append(_Token(token.lastgroup, token[token.lastgroup], at))
            at = token.end()
        return found

    def _peek(self) -> str:
        return self.tokens[self.next].text if self.next < len(self.tokens) else ""

    def _take(self, kind: str, text: str | None = None) -> _Token:
        if self.next < len(self.tokens):
            token = self.tokens[self.next]
            if token.kind == kind and text in (None, token.text):
                self.next += 1
                if token.text.startswith("`"):
                    return _Token(kind, token.text.strip("`"), token.at)
                return token
        raise self._wrong(f"{text or f'a {kind}'} is expected")

    def _has(self, text: str) -> bool:
        if self._peek() == text:
            self.next += 1
            return True
        return False

    def _wrong(self, what: str) -> BadPatch:
        at = self.tokens[self.next].at if self.next < len(self.tokens) else len(self.path)
        return BadPatch(f"the path {self.path!r:.100}: {what}, at character {at}")

    # ---- selecting ---------------------------------------------------------------------------

    def _steps(self, start: Select) -> Select:
        found = start
        while True:
            if self._has("["):
                found = _after(found, _at(int(self._whole_number())))
                self._take("sign", "]")
            elif self._peek() == "." and not self._deciding():
                self._take("sign", ".")
                found = _after(found, self._step())
            else:
                return found

    def _deciding(self) -> bool:
        """Whether a function follows that belongs to a condition and not to a path."""
        follows = [token.text for token in self.tokens[self.next + 1 : self.next + 3]]
        return len(follows) == 2 and follows[1] == "(" and follows[0] in _DECIDING

    def _whole_number(self) -> str:
        token = self._take("number")
        if "." in token.text or len(token.text) > 9:
            raise self._wrong("a whole number is expected")
        return token.text

    def _step(self) -> Select:
        name = self._take("name").text
        if not self._has("("):
            return self._member(name)
        match name:
            case "first":
                step = _at(0)
            case "last":
                step = _at(-1)
            case "where":
                step = self._where()
            case "extension":
                url = _unquoted(self._take("string").text)
                step = _after(self._member("extension"), self._filtered(_with_url(url), 1))
            case "ofType" | "as":
                step = _of_type(self._type_name())
            case _:
                raise self._wrong(f"{name}() is not offered in a patch")
        self._take("sign", ")")
        return step

    def _type_name(self) -> str:
        name = self._take("name").text
        return self._take("name").text if name in ("FHIR", "System") and self._has(".") else name

    def _member(self, name: str) -> Select:
        def find(nodes: Sequence[Node]) -> list[Node]:
            found = [each for node in nodes for each in node.members(name)]
            self.effort.spend(len(nodes) + len(found))
            return found

        return find

    def _where(self) -> Select:
        """Its condition is decided for each element anew."""
        begin = self.next
        decide = self._condition()
        return self._filtered(decide, self.next - begin)

    def _filtered(self, decide: Decide, cost: int) -> Select:
        def keep(nodes: Sequence[Node]) -> list[Node]:
            self.effort.spend(len(nodes) * cost)
            return [node for node in nodes if decide(node)]

        return keep

    # ---- deciding ----------------------------------------------------------------------------

    def _condition(self) -> Decide:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._wrong("conditions nest too deep")
        found = [self._all()]
        while self._has("or"):
            found.append(self._all())
        self.depth -= 1
        return lambda node: any(each(node) for each in found)

    def _all(self) -> Decide:
        found = [self._one()]
        while self._has("and"):
            found.append(self._one())
        return lambda node: all(each(node) for each in found)

    def _one(self) -> Decide:
        if self._has("("):
            inner = self._condition()
            self._take("sign", ")")
            return self._negated(inner)
        read = self._operand()
        operator = self._peek()
        if operator in _COMPARED:
            self.next += 1
            return _comparison(read, operator, self._operand())
        if operator == "." and self._deciding():
            self._take("sign", ".")
            return self._negated(self._asked(read))
        return lambda node: read(node) == [True]

    def _negated(self, inner: Decide) -> Decide:
        if self._peek() == "." and self._deciding():
            self._take("sign", ".")
            self._take("name", "not")
            self._take("sign", "(")
            self._take("sign", ")")
            return lambda node: not inner(node)
        return inner

    def _asked(self, read: Read) -> Decide:
        name = self._take("name").text
        self._take("sign", "(")
        text = ""
        if name in ("startsWith", "endsWith", "contains"):
            text = _unquoted(self._take("string").text)
        self._take("sign", ")")
        match name:
            case "exists":
                return lambda node: bool(read(node))
            case "empty":
                return lambda node: not read(node)
            case "not":
                return lambda node: read(node) == [False]
            case "startsWith":
                return lambda node: _text_of(read(node)).startswith(text)
            case "endsWith":
                return lambda node: _text_of(read(node)).endswith(text)
            case _:
                return lambda node: text in _text_of(read(node))

    def _operand(self) -> Read:
        token = self.tokens[self.next] if self.next < len(self.tokens) else _Token("", "", 0)
        if token.kind in ("string", "number", "date") or token.text in ("true", "false"):
            self.next += 1
            value = _literal(token)
            return lambda _: [value]
        if token.kind == "this":
            self.next += 1
            steps = self._steps(_itself)
        else:
            steps = self._steps(self._step())
        return lambda node: [_value(found) for found in steps([node])]


# ---- steps -------------------------------------------------------------------------------------

_DECIDING: Final = frozenset(("exists", "empty", "not", "startsWith", "endsWith", "contains"))
_COMPARED: Final = frozenset(("=", "!=", "~", "!~", "<", ">", "<=", ">="))


def _itself(nodes: Sequence[Node]) -> list[Node]:
    return list(nodes)


def _after(first: Select, then: Select) -> Select:
    return lambda nodes: then(first(nodes))


def _at(index: int) -> Select:
    def pick(nodes: Sequence[Node]) -> list[Node]:
        return [nodes[index]] if nodes and index < len(nodes) else []

    return pick


def _of_type(name: str) -> Select:
    return lambda nodes: [node for node in nodes if node.type_name == name]


def _with_url(url: str) -> Decide:
    return lambda node: any(found.value == url for found in node.members("url"))


# ---- values ------------------------------------------------------------------------------------


def _value(node: Node) -> Any:
    return node.value


def _text_of(values: list[Any]) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else "\0"


def _comparison(left: Read, operator: str, right: Read) -> Decide:
    def decide(node: Node) -> bool:
        ones, others = left(node), right(node)
        if not ones or not others:  # FHIRPath: empty, which is not true
            return False
        if operator in ("=", "~"):
            return ones == others
        if operator in ("!=", "!~"):
            return ones != others
        return len(ones) == len(others) == 1 and _ordered(ones[0], operator, others[0])

    return decide


def _ordered(one: Any, operator: str, other: Any) -> bool:
    try:
        match operator:
            case "<":
                return bool(one < other)
            case ">":
                return bool(one > other)
            case "<=":
                return bool(one <= other)
            case _:
                return bool(one >= other)
    except TypeError:
        return False


def _literal(token: _Token) -> Any:
    match token.kind:
        case "string":
            return _unquoted(token.text)
        case "number":
            try:
                return Decimal(token.text)
            except InvalidOperation:
                raise BadPatch(f"{token.text:.40} is no number") from None
        case "date":
            return token.text[1:].removesuffix("T")
        case _:
            return token.text == "true"


def _unquoted(literal: str) -> str:
    """A string literal of FHIRPath, whose escapes are those of JSON and `\\'`."""
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescaped, literal[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    if len(escaped) == 5:
        return chr(int(escaped[1:], 16))
    return _ESCAPES.get(escaped, escaped)

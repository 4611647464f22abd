"""From a resource to FHIR XML (R4 `xml.html`): elements in the order of their definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from resources.fhir_json import ARRAY, LiteralDecimal, Resource
from resources.fhir_xml.members import FHIR, XHTML, Form, Member, members

_PROLOG: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_ESCAPES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    # A parser would make blanks of these (XML 1.0, 3.3.3).
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_SPECIAL: Final = re.compile('[&<>"\x00-\x1f\ufffe\uffff]')
_DECLARATION: Final = re.compile(r"\A\s*(?:<\?xml[^>]*\?>)?\s*")
_ROOT: Final = re.compile(r"""<div((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)""")


def dump(resource: Resource, *, pretty: bool = False) -> bytes:
    """The resource as XML in UTF-8. It has to be valid: what no definition knows is left out."""
    writer = _Writer(pretty=pretty)
    writer.resource(resource, f' xmlns="{FHIR}"')
    return (_PROLOG + "".join(writer.parts)).encode()


class _Writer:
    """The text of a resource in the making."""

    __slots__ = ("break_", "depth", "parts")

    def __init__(self, *, pretty: bool) -> None:
        self.parts: list[str] = []
        self.depth = 0
        self.break_ = "\n" if pretty else ""

    def resource(self, resource: Resource, namespace: str = "") -> None:
        type_name = resource["resourceType"]
        self._line(f"<{type_name}{namespace}>")
        self._members(type_name, resource)
        self._line(f"</{type_name}>")

    def _members(self, node: str, value: Resource) -> None:
        self.depth += 1
        for name, member in members(node).items():
            if member.form is Form.ATTRIBUTE:
                continue
            if member.form is Form.PRIMITIVE:
                for one, extra in _pairs(value.get(name), value.get(f"_{name}")):
                    self._primitive(member, one, extra)
            elif name in value:
                for one in _each(value[name]):
                    self._complex(member, one)
        self.depth -= 1

    def _primitive(self, member: Member, value: Any, extra: Resource | None) -> None:
        given = "" if value is None else f' value="{_escaped(_text(value))}"'
        opening = f"<{member.name}{_attributes(member.type_name, extra)}{given}"
        if not extra or "extension" not in extra:
            self._line(f"{opening}/>")
            return
        self._line(f"{opening}>")
        self._members(member.type_name, extra)
        self._line(f"</{member.name}>")

    def _complex(self, member: Member, value: Any) -> None:
        if member.form is Form.NARRATIVE:
            self._line(_in_its_namespace(value))
            return
        attributes = "" if member.form is Form.RESOURCE else _attributes(member.node, value)
        self._line(f"<{member.name}{attributes}>")
        if member.form is Form.RESOURCE:
            self.depth += 1
            self.resource(value)
            self.depth -= 1
        else:
            self._members(member.node, value)
        self._line(f"</{member.name}>")

    def _line(self, text: str) -> None:
        if self.break_:
            self.parts.append(self.break_ + "  " * self.depth)
        self.parts.append(text)


def _attributes(node: str, value: Resource | None) -> str:
    if not value:
        return ""
    found = (
        f' {name}="{_escaped(str(value[name]))}"'
        for name in ("id", "url")
        if name in value and members(node)[name].form is Form.ATTRIBUTE
    )
    return "".join(found)


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, ARRAY) else (value,)


def _pairs(value: Any, extra: Any) -> Iterator[tuple[Any, Resource | None]]:
    """A primitive beside what extends it; in arrays by place (R4 `json.html` 2.6.2.3)."""
    if value is None and extra is None:
        return
    if not isinstance(value, ARRAY) and not isinstance(extra, ARRAY):
        yield value, extra
        return
    values: list[Any] = value or []
    extras: list[Any] = extra or []
    for at in range(max(len(values), len(extras))):
        yield (
            values[at] if at < len(values) else None,
            extras[at] if at < len(extras) else None,
        )


def _text(value: Any) -> str:
    """A primitive as it is written in an attribute."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, LiteralDecimal):
        return value.literal.decode()
    return str(value) if isinstance(value, (int, Decimal)) else value


def _escaped(text: str) -> str:
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(found: re.Match[str]) -> str:
    """XML cannot hold the other control characters in any spelling (XML 1.0, 2.2)."""
    return _ESCAPES.get(found[0], "\ufffd")


def _in_its_namespace(div: str) -> str:
    """The markup of a narrative, which begins with its `div` and says its namespace."""
    text = _DECLARATION.sub("", div, count=1)
    root = _ROOT.match(text)
    if root is None or re.search(r"\sxmlns\s*=", root[1]):
        return text
    return f'<div xmlns="{XHTML}"{text[4:]}'

"""From FHIR XML to a resource (R4 `xml.html`), with expat: no document type, so no entity tricks.

The names and the nesting are checked here, as a JSON value cannot be made without them; what they
hold is left to `validation`, so that a wrong value is reported as it is for JSON.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from decimal import InvalidOperation
from difflib import get_close_matches
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

from resources.fhir_json import ARRAY, Resource, decimal
from resources.fhir_xml.members import FHIR, XHTML, Form, Member, members
from resources.registry import REGISTRY

DEEPEST: Final = 200
"""Tags inside one another; `validation` has the bound that matters."""
_INTEGERS: Final = frozenset(("integer", "positiveInt", "unsignedInt"))
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SCHEMA: Final = "http://www.w3.org/2001/XMLSchema-instance"


class MalformedXml(ValueError):
    """Not FHIR XML; the message says the line."""


def parse(body: bytes) -> Resource:
    """The resource in an XML document. Raises `MalformedXml`."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in body[:2]:
        raise MalformedXml("FHIR is UTF-8, and the document is UTF-16")
    reader = _Reader(body)
    try:
        reader.parser.Parse(body, True)
    except ExpatError as problem:
        raise MalformedXml(f"it is not well-formed: {problem}") from None
    return reader.found


class _Open:
    """An element whose end has not come yet."""

    __slots__ = ("extra", "form", "known", "member", "name", "node", "value")

    def __init__(self, name: str, member: Member | None, node: str, form: Form) -> None:
        self.name = name
        self.member = member
        """None for a resource's own element."""
        self.node = node
        self.form = form
        self.known = members(node) if form is not Form.RESOURCE else {}
        self.value: Any = None
        """Of a primitive its value, of a `Form.RESOURCE` the resource."""
        self.extra: Resource = {}
        """The members of an object; the id and the extensions of a primitive."""


class _Reader:
    """The elements that are open, while expat walks through the document."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.found: Resource = {}
        self.open: list[_Open] = []
        self.markup = 0
        """Tags that are open inside a narrative."""
        self.markup_start = 0
        self.parser = ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.XmlDeclHandler = self.declaration

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise self._trouble(f"FHIR is UTF-8, and the document says {encoding[:40]!r}")

    def doctype(self, *_: object) -> None:
        raise self._trouble("a document type is not allowed")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.markup:
            self.markup += 1
            return
        if len(self.open) >= DEEPEST:
            raise self._trouble(f"elements nest deeper than {DEEPEST} levels")
        namespace, _, name = tag.rpartition(" ")
        above = self.open[-1] if self.open else None
        if above is None or above.form is Form.RESOURCE:
            self._start_resource(namespace, name, attributes, above)
            return
        if (name, namespace) == ("div", XHTML) and above.node == "Narrative":
            self._start_markup(name)
            return
        self._start_member(namespace, name, attributes, above)

    def end(self, _: str) -> None:
        if self.markup:
            self.markup -= 1
            if self.markup:
                return
            self._end_markup()
            return
        done = self.open.pop()
        _settle(done.extra)
        if done.member is None:
            if self.open:
                self.open[-1].value = done.extra
            else:
                self.found = done.extra
        else:
            self._put(self.open[-1], done, done.member)

    def text(self, text: str) -> None:
        if not self.markup and text.strip():
            raise self._trouble(
                "there is text between the elements, where FHIR has its values in attributes"
            )

    # ---- the beginnings ----------------------------------------------------------------------

    def _start_resource(
        self, namespace: str, name: str, attributes: dict[str, str], above: _Open | None
    ) -> None:
        if namespace != FHIR:
            raise self._trouble(f'<{name[:60]}> is not in the namespace xmlns="{FHIR}"')
        if not REGISTRY.is_type(name):
            raise self._trouble(f"<{name[:60]}> is no resource type")
        if above is not None and above.value is not None:
            raise self._trouble(f"<{above.name}> holds more than one resource")
        for attribute in attributes:
            if not attribute.startswith(f"{_SCHEMA} "):
                raise self._trouble(f"<{name}> has no attribute {attribute[:60]!r}")
        opened = _Open(name, None, name, Form.OBJECT)
        opened.extra = {"resourceType": name}
        self.open.append(opened)

    def _start_member(
        self, namespace: str, name: str, attributes: dict[str, str], above: _Open
    ) -> None:
        if namespace != FHIR:
            raise self._trouble(f'<{name[:60]}> is not in the namespace xmlns="{FHIR}"')
        member = above.known.get(name)
        if member is None or member.form in (Form.ATTRIBUTE, Form.NARRATIVE):
            raise self._unknown(above, name)
        if above.form is Form.PRIMITIVE and name != "extension":
            raise self._unknown(above, name)
        node = member.type_name if member.form is Form.PRIMITIVE else member.node
        opened = _Open(name, member, node, member.form)
        for attribute, value in attributes.items():
            self._attribute(opened, attribute, value)
        self.open.append(opened)

    def _attribute(self, opened: _Open, name: str, value: str) -> None:
        known = opened.known.get(name)
        if name == "value" and opened.form is Form.PRIMITIVE:
            opened.value = _primitive(opened.node, value)
        elif known is not None and known.form is Form.ATTRIBUTE:
            opened.extra[name] = value
        else:
            raise self._trouble(f"<{opened.name}> has no attribute {name[:60]!r}")

    # ---- the ends ----------------------------------------------------------------------------

    def _put(self, above: _Open, done: _Open, member: Member) -> None:
        target, name = above.extra, member.name
        if done.form is not Form.PRIMITIVE:
            value = done.value if done.form is Form.RESOURCE else done.extra
            if value is None:
                raise self._trouble(f"<{name}> holds no resource")
            if member.repeats:
                target.setdefault(name, []).append(value)
            else:
                self._once(target, name)
                target[name] = value
            return
        if member.repeats:
            _append(target, name, done)
            return
        self._once(target, name)
        self._once(target, f"_{name}")
        if done.value is not None:
            target[name] = done.value
        if done.extra or done.value is None:
            target[f"_{name}"] = done.extra

    def _once(self, target: Resource, name: str) -> None:
        if name in target:
            raise self._trouble(f"<{name.removeprefix('_')}> stands twice, and may stand once")

    # ---- narratives --------------------------------------------------------------------------

    def _start_markup(self, name: str) -> None:
        self._once(self.open[-1].extra, name)
        self.markup, self.markup_start = 1, self.parser.CurrentByteIndex
        tag = self.body[self.markup_start : self.body.index(b">", self.markup_start)]
        if not tag.startswith(b"<div") or b"xmlns" not in tag:
            raise self._trouble(f'a narrative begins with <div xmlns="{XHTML}">')

    def _end_markup(self) -> None:
        """As it was written, byte by byte: what it may hold is for `validation` to say."""
        end = self.body.index(b">", self.parser.CurrentByteIndex) + 1
        self.open[-1].extra["div"] = self.body[self.markup_start : end].decode()

    # ---- trouble -----------------------------------------------------------------------------

    def _unknown(self, above: _Open, name: str) -> MalformedXml:
        near = get_close_matches(name, above.known, n=1)
        hint = f"; did you mean <{near[0]}>?" if near else ""
        return self._trouble(f"<{above.name}> has no element <{name[:60]}>{hint}")

    def _trouble(self, what: str) -> MalformedXml:
        return MalformedXml(f"line {self.parser.CurrentLineNumber}: {what}")


def _append(target: Resource, name: str, done: _Open) -> None:
    """Values and what extends them, place by place; the second list is there where needed."""
    values: list[Any] = target.setdefault(name, [])
    values.append(done.value)
    extras: list[Any] | None = target.get(f"_{name}")
    if done.extra and extras is None:
        extras = target[f"_{name}"] = [None] * (len(values) - 1)
    if extras is not None:
        extras.append(done.extra or None)


def _settle(members_of: Resource) -> None:
    """An array in which nothing has a value is not written (R4 `json.html` 2.6.2.3)."""
    for name in [name for name in members_of if name.startswith("_")]:
        values: Any = members_of.get(name[1:])
        if isinstance(values, ARRAY) and all(one is None for one in values):
            del members_of[name[1:]]


def _primitive(type_name: str, text: str) -> Any:
    """As JSON has it; what is no such value stays a string, which validation refuses."""
    if type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    if type_name in _INTEGERS and _INTEGER.fullmatch(text):
        return int(text)
    if type_name == "decimal" and _DECIMAL.fullmatch(text):
        try:
            return decimal(text)
        except InvalidOperation:
            return text
    return text

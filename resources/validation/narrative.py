"""The XHTML of a narrative (R4 `narrative.html`): invariants txt-1 and txt-2.

"The XHTML content SHALL NOT contain a head, a body element, external stylesheet references,
deprecated elements, scripts, forms, base/link/xlink, frames, iframes, objects or event related
attributes." What is listed here is allowed, everything else is not.
"""

from __future__ import annotations

from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

_XHTML: Final = "http://www.w3.org/1999/xhtml"
_LONGEST: Final = 5 * 1024 * 1024


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS: Final = _names(
    """a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn
    div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup
    table tbody td tfoot th thead tr tt ul var"""
)
_EVERYWHERE: Final = _names(
    """title style class id lang xml:lang dir accesskey tabindex xmlns width align valign char
    charoff abbr axis headers scope rowspan colspan span"""
)
_HERE: Final = {
    "a": _names("charset type name href hreflang rel rev shape coords"),
    "area": _names("shape coords href nohref alt"),
    "blockquote": frozenset({"cite"}),
    "img": _names("src alt longdesc height usemap ismap border"),
    "map": frozenset({"name"}),
    "ol": frozenset({"start", "type"}),
    "pre": frozenset({"space", "xml:space"}),
    "q": frozenset({"cite"}),
    "table": _names("summary border frame rules cellspacing cellpadding"),
    "td": frozenset({"nowrap"}),
}
_ADDRESSES: Final = frozenset({"href", "src", "cite", "longdesc"})
_ACTIVE: Final = ("javascript:", "vbscript:", "data:text/html")
_ACTIVE_STYLES: Final = ("javascript:", "vbscript:", "expression(", "@import", "-moz-binding")


class _Refused(Exception):
    """Something in the markup that a narrative must not have."""


class _Reader:
    """Follows one narrative through the parser."""

    __slots__ = ("depth", "has_content")

    def __init__(self) -> None:
        self.depth = 0
        self.has_content = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0 and (name != "div" or attributes.get("xmlns", _XHTML) != _XHTML):
            raise _Refused(f'must be one <div xmlns="{_XHTML}">')
        if name not in _ELEMENTS:
            raise _Refused(f"has the element <{name[:30]}>, which narratives may not have (txt-1)")
        self.depth += 1
        for attribute, value in attributes.items():
            _check_attribute(name, attribute, value)
        self.has_content = self.has_content or name == "img"

    def end(self, _: str) -> None:
        self.depth -= 1

    def text(self, text: str) -> None:
        self.has_content = self.has_content or bool(text.strip(" \t\r\n"))

    def doctype(self, *_: object) -> None:
        raise _Refused("must not have a document type")

    def instruction(self, *_: object) -> None:
        raise _Refused("must not have a processing instruction")


def _check_attribute(element: str, name: str, value: str) -> None:
    if name not in _EVERYWHERE and name not in _HERE.get(element, ()):
        raise _Refused(
            f"has the attribute {name[:30]} on <{element}>, which is not allowed (txt-1)"
        )
    if name == "xmlns" and value != _XHTML:
        raise _Refused("must stay in the XHTML namespace (txt-1)")
    bare = "".join(value.split()).lower()
    if name in _ADDRESSES and bare.startswith(_ACTIVE):
        raise _Refused(f"has active content in {name} (txt-1)")
    if name == "style" and any(one in bare for one in _ACTIVE_STYLES):
        raise _Refused("has active content or a style sheet of elsewhere in style (txt-1)")


def xhtml_problem(value: object) -> str | None:
    """What is wrong with the `div` of a narrative."""
    if not isinstance(value, str):
        return "must be XHTML in a string"
    if len(value) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    reader = _Reader()
    parser = ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.ProcessingInstructionHandler = reader.instruction
    try:
        parser.Parse(value, True)
    except _Refused as refused:
        return str(refused)
    except (ExpatError, ValueError) as error:
        return f"is not well-formed XHTML: {error}"
    if not reader.has_content:
        return "must have some content that is not white space (txt-2)"
    return None

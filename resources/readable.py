"""What of a resource is written for people: its narrative (R4 `narrative.html`) and all its text.

Text is what stands in elements of type string, markdown and xhtml, in data types, extensions and
contained resources too. Codes, identifiers, literal references and attachments are none.
"""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from typing import Any, Final

from resources.fhir_json import ARRAY, OBJECT, Resource
from resources.registry import REGISTRY

_TAG: Final = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|acronym|b|big|cite|code|dfn|em|font|i|q|samp|small|span|strong|sub|sup|tt|var)"
    r"(?:\s[^>]*)?>"
)
"""Tags inside of which a word may begin or end: `<b>H</b>ealth`."""
_TEXT: Final = frozenset(("string", "markdown", "xhtml"))
_OF_MACHINES: Final = frozenset(
    (("Reference", "reference"), ("Identifier", "value"), ("Coding", "version"))
)
"""Of type string, and for programs all the same, as is every `id` inside of a resource."""
_READ: Final = ""
_RESOURCE: Final = "*"


def narrative(resource: Resource) -> str | None:
    """The words of the narrative, without tags and with its entities decoded."""
    text: Any = resource.get("text")
    div: Any = text.get("div") if isinstance(text, OBJECT) else None
    return without_tags(div) if isinstance(div, str) else None


def without_tags(xhtml: str) -> str:
    """What a reader sees; what stands in different paragraphs or cells is kept apart."""
    return unescape(_TAG.sub(" ", _INLINE.sub("", xhtml)))


def texts(resource: Resource) -> list[str]:
    """Every piece of text in the resource, narratives without tags."""
    found: list[str] = []
    _walk(resource, resource["resourceType"], found)
    return found


def _walk(value: Resource, node: str, found: list[str]) -> None:
    table = _table(node)
    for name, member in value.items():
        child = table.get(name)
        if child is None:
            continue
        for each in member if isinstance(member, ARRAY) else (member,):
            if isinstance(each, str):
                if child == _READ:
                    found.append(without_tags(each) if name == "div" else each)
            elif isinstance(each, OBJECT):
                _walk(each, each["resourceType"] if child == _RESOURCE else child, found)


@cache
def _table(node: str) -> dict[str, str]:
    """By JSON name of what may hold text: the node of its children, or `_READ` for text itself."""
    table: dict[str, str] = {}
    for element in REGISTRY.children(node).values():
        for of in element.types:
            name = element.json_name(of)
            if of.name in REGISTRY.primitives:
                table[f"_{name}"] = "Element"
                if of.name in _TEXT and name != "id" and (node, name) not in _OF_MACHINES:
                    table[name] = _READ
            elif of.name == "Resource":
                table[name] = _RESOURCE
            elif REGISTRY.is_node(of.node):
                table[name] = of.node
    return table

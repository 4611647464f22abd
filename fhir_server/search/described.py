"""Search parameters in words: what they look at and which modifiers they take."""

from __future__ import annotations

import re
from typing import Final

from resources.registry import REGISTRY, SearchParameter

_OF_WORDS: Final = {"_content": "the words of all text", "_text": "the words of `text.div`"}
MOST_TARGETS: Final = 8
"""Beyond these a reference is said to lead to any type."""


def looks_at(parameter: SearchParameter, type_name: str) -> str:
    """The elements of this type; of a composite, the parameters that it joins."""
    if parameter.components:
        joined = (REGISTRY.search_parameters[url].name for url, _ in parameter.components)
        return " with ".join(f"`{name}`" for name in joined)
    if not parameter.expression:
        return _OF_WORDS[parameter.name]
    parts = (part.strip() for part in parameter.expression.split("|"))
    own = [part for part in parts if re.match(rf"\(?(?:{type_name}|Resource)\b", part)]
    return ", ".join(f"`{_short(part)}`" for part in own)


def _short(part: str) -> str:
    """`(Observation.value as Quantity)` as `value as Quantity`."""
    whole = re.fullmatch(r"\(([^()]*)\)", part)
    return re.sub(r"\b[A-Z]\w*\.(?=[a-z])", "", whole[1] if whole else part)


def modifiers_in_words(modifiers: tuple[str, ...]) -> str:
    """Each in quotes; the types that a reference may lead to only where they are few."""
    plain = [name for name in modifiers if name not in REGISTRY.types]
    targets = [name for name in modifiers if name in REGISTRY.types]
    if len(targets) > MOST_TARGETS:
        targets = ["Type"]
    return " ".join(f"`:{name}`" for name in (*plain, *targets))

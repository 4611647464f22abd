"""Strings (R4 3.1.1.4.8)."""

from __future__ import annotations

import unicodedata
from string import punctuation
from typing import Any


def string(text: str, modifier: str, value: str) -> bool:
    if modifier == "exact":
        return text == value
    if modifier == "contains":
        return plain(value) in plain(text)
    return plain(text).startswith(plain(value))


def texts(element: Any, path: str) -> list[str]:
    if isinstance(element, str):
        whole = [element]
        return whole + (_words(element) if path.endswith("family") else [])
    parts: list[str] = []
    for name in ("text", "family", "given", "prefix", "suffix"):
        content = element.get(name, [])
        parts += content if isinstance(content, list) else [content]
    return parts + _words(element.get("family", ""))


def _words(family: str) -> list[str]:
    """What begins at each later part of a family name; "exact" still means the whole element."""
    words = family.split()
    return ["\0" + " ".join(words[start:]) for start in range(1, len(words))]


def plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.removeprefix("\0").casefold())
    kept = (each for each in apart if not unicodedata.combining(each) and each not in punctuation)
    return " ".join("".join(kept).split())

"""`_text` and `_content` (R4 3.1.1.4.15): words of a Condition, as far as one is made here."""

from __future__ import annotations

import re
import unicodedata
from typing import Any


def decide_words(resource: dict[str, Any], parameter: str, modifier: str, value: str) -> bool:
    found = words(" ".join(_told(resource)))
    if parameter == "_content":
        found |= words(" ".join(_said(resource)))
    if modifier == "missing":
        return bool(found) == (value == "false")
    return any(_meets(found, one) for each in value.split(",") for one in each.split(" or "))


def _meets(found: set[str], asked: str) -> bool:
    wanted, _, unwanted = asked.partition(" not ")
    return words(wanted) <= found and not (unwanted and words(unwanted) <= found)


def _told(resource: dict[str, Any]) -> list[str]:
    return [re.sub("<[^>]*>", " ", resource["text"]["div"])] if "text" in resource else []


def _said(resource: dict[str, Any]) -> list[str]:
    code = resource.get("code", {})
    displays = [coding.get("display", "") for coding in code.get("coding", [])]
    return [code.get("text", ""), *displays, *(note["text"] for note in resource.get("note", []))]


def words(text: str) -> set[str]:
    apart = unicodedata.normalize("NFD", text.casefold())
    letters = (each for each in apart if not unicodedata.combining(each))
    return set("".join(each if each.isalnum() else " " for each in letters).split())

"""References (R4 3.1.1.4.12), literal, logical and canonical (`references.html`)."""

from __future__ import annotations

import re
from typing import Any

from tests.search.words.tokens import token

BASE = "http://localhost/fhir/"


def reference(element: Any, modifier: str, value: str) -> bool:
    """Of an element of type canonical, or Reference."""
    if isinstance(element, str):
        return value in (element, element.partition("|")[0])
    if modifier == "identifier":
        named = element.get("identifier")
        return named is not None and token(named, "", "", value)
    whole = element.get("reference", "").removeprefix(BASE)
    target = re.sub(r"/_history/\w+$", "", whole)
    if "/" not in value:
        return (
            re.fullmatch(rf"{modifier or '[A-Z][A-Za-z]+'}/{re.escape(value)}", target) is not None
        )
    wanted = value.removeprefix(BASE)
    if modifier and not wanted.startswith(modifier + "/"):
        return False
    return wanted in (whole, target)

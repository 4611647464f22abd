"""Names with parameters, and lists of them in the order in which they are wanted: media types,
content codings (RFC 9110 sections 5.6.6, 8.3.1, 12.4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_BETWEEN: Final = {
    mark: re.compile(rf'(?:[^{mark}"]|"(?:[^"\\]|\\.)*"?)+', re.DOTALL) for mark in ",;"
}
"""What stands between separators; one inside of quotes is none."""
_WEIGHT: Final = re.compile(r"0?\.\d{1,3}|0\.?|1(\.0{0,3})?")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """One name, in lower case as its parameters are."""

    name: str
    parameters: Mapping[str, str]

    @property
    def weight(self) -> float:
        """From 0, which is a refusal, to 1; what is written wrongly weighs nothing."""
        text = self.parameters.get("q")
        if text is None:
            return 1.0
        return float(text) if _WEIGHT.fullmatch(text) else 0.0


def term(text: str) -> Term:
    """`Application/FHIR+json; charset="UTF-8"` as its name and its parameters."""
    name, *rest = _split(text, ";") or [""]
    parameters: dict[str, str] = {}
    for each in rest:
        key, _, value = each.partition("=")
        parameters.setdefault(key.strip().lower(), _unquoted(value.strip()).lower())
    return Term(name.strip().lower(), parameters)


def terms(header: str) -> list[Term]:
    """The members of a list, as they stand."""
    return [term(each) for each in _split(header, ",") if each.strip()]


def _split(text: str, mark: str) -> list[str]:
    return _BETWEEN[mark].findall(text) if '"' in text else text.split(mark)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value

"""Tokens (R4 3.1.1.4.10): a code or value, with, without or of whatever system.

Codes and identifiers are compared with case, as the code systems of R4 ask for and HAPI does;
values of type string and of contact points without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import Expression, Key, KeyPrefix, Scalar, TextStart
from fhir_server.search.types.string import fold, fold_display
from resources.extraction import Extracted

MODIFIERS: Final = ("not",)
WITH_TEXT: Final = ("text",)
"""Where the values are no plain ones."""
WITH_TYPE: Final = ("of-type",)
"""Where the values are Identifiers."""
TERMINOLOGY: Final = frozenset(("in", "not-in", "above", "below"))
"""Modifiers that ask a code system or a value set."""
CASELESS: Final = frozenset(
    (
        "altid",
        "base-path",
        "contact",
        "email",
        "fhirversion",
        "lot-number",
        "monitoring-program-name",
        "path",
        "phone",
        "site",
        "source-cost",
        "telecom",
        "version",
    )
)
"""Parameters over elements of type string and ContactPoint."""
_VALUE: Final = {"Coding": "code", "Identifier": "value", "ContactPoint": "value"}

Systems = Mapping[str, str]
"""Code -> the system that the binding of an element of type code implies."""


def index(
    parameter: str, values: Iterable[Extracted], found: set[str], implied: Systems
) -> tuple[Scalar, Scalar]:
    """Adds the keys of the values; answers with the first sort value in either direction."""
    sorts: list[str] = []
    for each in values:
        value: Any = each.value
        if each.fhir_type == "CodeableConcept":
            for coding in value.get("coding", ()):
                _add(parameter, coding.get("system", ""), coding.get("code"), found, sorts)
        elif each.fhir_type in _VALUE:
            system = "" if each.fhir_type == "ContactPoint" else value.get("system", "")
            _add(parameter, system, value.get(_VALUE[each.fhir_type]), found, sorts)
        elif isinstance(value, bool):
            _add(parameter, "", "true" if value else "false", found, sorts)
        elif isinstance(value, str):
            _add(parameter, implied.get(value, ""), value, found, sorts)
    return (min(sorts), max(sorts)) if sorts else (None, None)


def texts(values: Iterable[Extracted]) -> Iterator[str]:
    """What `:text` searches: CodeableConcept.text, Coding.display, Identifier.type.text."""
    for each in values:
        value: Any = each.value
        match each.fhir_type:
            case "CodeableConcept":
                yield from _words(value)
            case "Coding":
                yield from _words({"coding": (value,)})
            case "Identifier":
                yield from _words({"text": value.get("type", {}).get("text")})
            case _:
                pass


def _words(concept: dict[str, Any]) -> Iterator[str]:
    displays = (coding.get("display") for coding in concept.get("coding", ()))
    for text in (concept.get("text"), *displays):
        if isinstance(text, str) and (folded := fold_display(text)):
            yield folded


def index_types(parameter: str, values: Iterable[Extracted], found: set[str]) -> None:
    """Adds the keys of `:of-type`: what kind of Identifier a value is."""
    start = keys.key(f"{parameter}:of-type", keys.EXACT, "")
    for each in values:
        value: Any = each.value
        if each.fhir_type != "Identifier" or "type" not in value or "value" not in value:
            continue
        for coding in value["type"].get("coding", ()):
            parts = coding.get("system", ""), coding.get("code", ""), value["value"]
            found.add(start + keys.SEPARATOR.join(map(keys.escape, parts)))


def match_type(parameter: str, parts: list[str]) -> Expression:
    """`:of-type=system|code|value`: an Identifier of this type and value (3.1.1.4.10)."""
    if len(parts) != 3 or "" in parts:
        text = f"{parameter}:of-type={'|'.join(parts)}: it is [system]|[code]|[value], all three."
        raise error(Category.INVALID, text)
    wanted = keys.SEPARATOR.join(map(keys.escape, parts))
    return Key(keys.key(f"{parameter}:of-type", keys.EXACT, wanted))


def match_text(parameter: str, text: str) -> Expression:
    """`:text`: the start of what stands with a code, as in a string."""
    folded = fold(text)
    if not folded:
        problem = f"{parameter}:text={text}: there is no letter or digit to search for."
        raise error(Category.INVALID, problem)
    return TextStart(parameter, folded)


def _add(parameter: str, system: str, code: Any, found: set[str], sorts: list[str]) -> None:
    if not isinstance(code, str):
        if system:
            found.add(f"{parameter}\x1ft\x1f{keys.escape(system)}\x1f")
        return
    code = keys.escape(code.lower() if parameter in CASELESS else code)
    found.add(f"{parameter}\x1fc\x1f{code}")
    found.add(f"{parameter}\x1ft\x1f{keys.escape(system)}\x1f{code}")
    sorts.append(code)


def match(parameter: str, system: str | None, code: str) -> Expression:
    """`code` (system None), `|code` (system empty), `system|code`, or `system|` (code empty)."""
    if system is None:
        wanted = keys.escape(code.lower() if parameter in CASELESS else code)
        return Key(keys.key(parameter, keys.CODE, wanted))
    start = keys.key(parameter, keys.SYSTEM_CODE, keys.escape(system) + keys.SEPARATOR)
    if not code:
        if not system:
            raise error(Category.INVALID, f"{parameter}=|: give a system, a code, or both.")
        return KeyPrefix(start)
    return Key(start + keys.escape(code.lower() if parameter in CASELESS else code))

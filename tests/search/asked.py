"""What is asked of the random resources, as lists, so that what they prove can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from random import Random
from urllib.parse import quote

from hypothesis import strategies as st

from tests.search.made import AMOUNTS, CODES, LITERALS, MOMENTS, NAMES, SYSTEMS, UCUM, URLS
from tests.search.rows.cells import AND, OR, Cell, cells
from tests.search.words import tokens

Asked = tuple[str, str, str]
"""Parameter, modifier and value."""
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def _each(parameter: str, modifiers: Sequence[str], values: Sequence[str]) -> list[Asked]:
    return list(product((parameter,), modifiers, values))


def _joined(*parts: Sequence[str]) -> list[str]:
    return ["".join(each) for each in product(*parts)]


def _missing(*names: str) -> list[Asked]:
    return [asked for name in names for asked in _each(name, ("missing",), ("true", "false"))]


def _tokens(parameter: str, codes: Sequence[str]) -> list[Asked]:
    systems = (*SYSTEMS, tokens.SYSTEMS.get(parameter, "urn:u"))
    values = [
        *codes,
        *(f"{system}|{code}" for system in ("", *systems) for code in codes),
        *(f"{system}|" for system in systems),
    ]
    return _each(parameter, ("", "not"), values)


TEXTS = ("growth", "GROWTH BEN", "dry", "severe", "b")
KINDS = [f"{system}|{code}|{value}" for system in ("urn:v2", "urn:v3") for code in ("MR", "SS")
         for value in CODES[:3]]  # fmt: skip
IDENTIFIERS = (*CODES[:3], "urn:s|a", "|a", "urn:s|", "urn:u|a")
STARTS = (*NAMES, "a", "n", "an", "berg", "der", "quinones", "one")
DATES = _joined(PREFIXES, (*MOMENTS, "2013-01-14T10:00", "2013-01-14T10:00Z"))
NUMBERS = _joined(PREFIXES, (*AMOUNTS, "5e0", "5.40e-3", "1e2", "54e2"))
UNITS = ("", "||mg", "||milligram", f"|{UCUM}|mg", f"|{UCUM}|g", f"|{UCUM}|kg", "|urn:units|mg")
QUANTITIES = _joined(NUMBERS, UNITS)
ADDRESSES = [each for each in (*URLS, "http://a.org/x/y/z") if each.startswith("http")]
VERSIONED = (*URLS, "http://a.org/x|1", "http://a.org/x|3")
POINTS = ("51.5|-0.1", "51.6|-0.1", "48.9|2.4", "-17.7|-179.9", "90|45", "-90|0")
CIRCLES = _joined(
    POINTS, ("", "|10", "|11.1|km", "|11.13|km", "|5|[mi_i]", "|8|[mi_i]", "|400|km", "|20000000|m")
)
SPOKEN = ("liver", "BONE", "bone liver", "liver or cyst", "aigu oed", "odeme", "bone not liver",
          "metastases bone or growth not liver", "none", "cyst_liver", "div")  # fmt: skip
FEW = _joined(("a", "urn:s|a", "|b"), ("$",))

ASKED: dict[str, list[list[Asked]]] = {
    "Observation": [
        _tokens("code", CODES),
        _tokens("category", CODES),
        _tokens("identifier", CODES),
        _tokens("status", ("final", "amended")),
        _each("code", ("text",), TEXTS),
        _each("identifier", ("text",), TEXTS),
        _each("identifier", ("of-type",), KINDS),
        _each("subject", ("", "Patient", "Group"), ("1", "2", *LITERALS)),
        _each("performer", ("", "Patient"), ("1", "2", *LITERALS)),
        _each("patient", ("",), ("1", "2", *LITERALS[:2])),
        _each("subject", ("identifier",), IDENTIFIERS),
        _each("date", ("",), DATES),
        _each("value-quantity", ("",), QUANTITIES),
        _each("component-code-value-quantity", ("",), _joined(FEW, QUANTITIES)),
        _each("code-value-quantity", ("",), _joined(FEW, QUANTITIES)),
        _each("code-value-concept", ("",), _joined(FEW, ("a", "urn:s|b", "|b"))),
        _each("code-value-string", ("",), _joined(FEW, ("growth", "sever", "benign"))),
        _each("code-value-date", ("",), _joined(FEW, DATES)),
        _missing("value-quantity", "code", "subject", "patient", "performer", "date", "category",
                 "identifier"),
    ],
    "Patient": [
        _tokens("gender", ("male", "female")),
        _tokens("identifier", CODES),
        _each("active", ("", "not"), ("true", "false")),
        _each("telecom", ("", "not"), CODES),
        _each("name", ("", "exact", "contains"), STARTS),
        _each("family", ("", "exact", "contains"), STARTS),
        _each("given", ("", "exact", "contains"), STARTS),
        _each("birthdate", ("",), DATES),
        _missing("name", "family", "given", "gender", "active", "birthdate", "telecom"),
    ],
    "Condition": [
        _each("_text", ("",), SPOKEN),
        _each("_content", ("",), SPOKEN),
        _missing("_text", "_content"),
    ],
    "RiskAssessment": [_each("probability", ("",), NUMBERS), _missing("probability")],
    "ValueSet": [
        _each("url", ("",), URLS),
        _each("url", ("above", "below"), ADDRESSES),
        _each("_profile", ("",), VERSIONED),
        _missing("url", "_profile"),
    ],
    "QuestionnaireResponse": [
        _each("questionnaire", ("",), VERSIONED), _missing("questionnaire"),
    ],
    "Location": [_each("near", ("",), CIRCLES), _missing("near")],
    "DocumentReference": [
        _each("relationship", ("",), _joined(
            ("replaces$", "appends$", "http://hl7.org/fhir/document-relationship-type|appends$"),
            ("1", "DocumentReference/2", "3"),
        )),
    ],
    "MolecularSequence": [
        _each("chromosome-window-coordinate", ("",), _joined(
            ("a$", "urn:s|b$", "|a$"), ("", "gt", "le"), "24", ("$",), ("", "lt", "ge"), "57",
        )),
    ],
}  # fmt: skip
ALONE = ("missing", "of-type")
"""Modifiers of which a query has one value here."""


def search(type_name: str, *asked: Asked) -> str:
    """`Observation?code:not=a&…`, percent-encoded."""
    pairs = (
        f"{name}{':' if modifier else ''}{modifier}={quote(value, safe=',')}"
        for name, modifier, value in asked
    )
    return f"{type_name}?{'&'.join(pairs)}"


def one(type_name: str) -> st.SearchStrategy[Asked]:
    """One parameter, with one value or two of which either will do."""
    return st.one_of([_of(asked) for asked in ASKED[type_name]])


def _of(asked: list[Asked]) -> st.SearchStrategy[Asked]:
    single = st.sampled_from(asked)
    if asked[0][1] in ALONE:
        return single
    return st.one_of(single, single, st.builds(_either, single, st.sampled_from(asked)))


def sample(type_name: str, chance: Random, size: int) -> Iterator[Asked]:
    """So many queries of each parameter in each of its forms, every third with two values."""
    for asked in ASKED[type_name]:
        some = chance.sample(asked, min(size, len(asked)))
        yield from some
        if asked[0][1] not in ALONE:
            yield from (_either(one, chance.choice(asked)) for one in some[: size // 3])


def _either(first: Asked, second: Asked) -> Asked:
    name, modifier, value = first
    return name, modifier, f"{value},{second[2]}"


@cache
def covered() -> frozenset[Cell]:
    """What random queries ask."""
    asked = {
        search(type_name, each)
        for type_name, parameters in ASKED.items()
        for parameter in parameters
        for each in parameter
    }
    return frozenset(cell for each in asked for cell in cells(each)) | {AND, OR}

"""Rows of (search, answer): what a search does besides finding, and the cells that rows prove.

Which cells there have to be follows the server's own lists of result parameters, of their words
and of the types that can be sorted by; a result parameter without forms here fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.interactions.subset import SUMMARIES
from fhir_server.search.fields import SORTABLE
from fhir_server.search.mixed import TYPE
from fhir_server.search.query import RESULT_PARAMETERS, TOTALS
from tests.search.finding import CATALOGUE
from tests.search.rows.cells import Cell
from tests.search.rows.row import Kind

_FOLLOWED = ("Type:parameter", "Type:parameter:Target", "Type:*", "*", ":iterate")
FORMS: dict[str, tuple[str, ...]] = {
    "_count": ("some", "0"),
    "_total": TOTALS,
    "_sort": (*sorted(SORTABLE), *(f"-{each}" for each in sorted(SORTABLE)), "several"),
    "_include": _FOLLOWED,
    "_revinclude": _FOLLOWED,
    "_summary": tuple(SUMMARIES),
    "_elements": ("names",),
    "_contained": ("false",),
    "_list": ("one", "several"),
    "chain": ("typed", "untyped", "of several steps"),
    "_type": ("one", "several", "none"),
    "_has": ("of one step", "nested", "and chain"),
}
"""By parameter, the forms in which it is given."""
EACH = frozenset(Kind)
"""Of a sort: different values, equal ones and none at all in one answer."""


def required() -> frozenset[Cell]:
    """All that is offered."""
    offered = {*RESULT_PARAMETERS, "_summary", "_elements", "_list", "chain", "_has", TYPE}
    return frozenset((name, form) for name in offered for form in FORMS[name])


@dataclass(frozen=True, slots=True)
class Answer:
    """A search and all that its first page says."""

    search: str
    matches: str = ""
    """Ids, in order where the search sorts."""
    included: str = ""
    """Type/id of what is there besides the matches."""
    proves: frozenset[Kind] = frozenset((Kind.POSITIVE,))
    total: int | None = None
    """None: not asked of this row."""
    untold: bool = False
    """There is no total."""
    more: bool | None = None
    """Whether there is a next page."""
    left: str | None = None
    """The elements that are left of the first match, beside type, id and meta."""

    @property
    def ordered(self) -> bool:
        return "_sort=" in self.search


def cells(search: str) -> frozenset[Cell]:
    """What a search of this kind proves."""
    type_name, _, query = search.partition("?")
    if not type_name:
        return frozenset(((TYPE, _types(query)),))
    pairs = (pair.partition("=")[::2] for pair in query.split("&"))
    return frozenset(cell for name, value in pairs for cell in _of(type_name, name, value))


def _types(query: str) -> str:
    """Of how many types the whole system is searched."""
    named = query.partition(f"{TYPE}=")[2].partition("&")[0]
    return "none" if not named else "several" if "," in named else "one"


def _of(type_name: str, name: str, value: str) -> Iterator[Cell]:
    base, _, iterate = name.partition(":")
    if name.startswith("_has:"):
        rest = name.removeprefix("_has:")
        yield "_has", "nested" if "_has:" in rest else "and chain" if "." in rest else "of one step"
    elif "." in name:
        typed = "typed" if ":" in name.partition(".")[0] else "untyped"
        yield "chain", "of several steps" if name.count(".") > 1 else typed
    elif base in ("_include", "_revinclude"):
        form = {0: "*", 1: "Type:parameter", 2: "Type:parameter:Target"}[value.count(":")]
        yield base, ":iterate" if iterate else "Type:*" if value.endswith(":*") else form
    elif name == "_sort":
        yield from _of_sort(type_name, value)
    elif name == "_count":
        yield name, "0" if value == "0" else "some"
    elif name == "_list":
        yield name, "several" if "," in value else "one"
    elif name == "_elements":
        yield name, "names"
    elif name in FORMS:
        yield name, value


def _of_sort(type_name: str, value: str) -> Iterator[Cell]:
    if "," in value:
        yield "_sort", "several"
        return
    sign = "-" if value.startswith("-") else ""
    yield "_sort", sign + CATALOGUE.fields(type_name)[value.removeprefix("-")].type

"""What section 8 of the requirements asks of searching, one claim at a time, and what proves it.

A claim is proved by rows of cells (`tests/search/rows`), or by tests that carry its id or the id of
its paragraph in their name or docstring: `test_q11d_…`, or "Q11d" in its docstring.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.interactions.subset import SUMMARIES
from fhir_server.search.expression import Prefix
from tests.search.rows import dates, strings, tokens
from tests.search.rows.answer import FORMS as ANSWERED
from tests.search.rows.cells import AND, FORMS, OR, Cell
from tests.search.rows.row import Table


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a search has to do."""

    name: str
    words: str
    cells: tuple[Cell, ...] = ()
    """Rows of these prove it,"""
    tables: tuple[Table, ...] = ()
    """or all rows of these; without either, tests with its name do."""


def _prefixes(kind: str) -> tuple[Cell, ...]:
    return tuple((kind, prefix.value) for prefix in Prefix)


def _forms(kind: str) -> tuple[Cell, ...]:
    return tuple((kind, form) for form in FORMS[kind])


def _answered(name: str) -> tuple[Cell, ...]:
    return tuple((name, form) for form in ANSWERED[name])


CLAIMS = (
    Claim("Q1a", "string: the start of a value", (("string", ""),)),
    Claim("Q1b", "string: case and accents do not count", tables=(strings.NAMES, strings.ACCENTS)),
    Claim("Q1c", "string: :exact and :contains", (("string", ":exact"), ("string", ":contains"))),
    Claim("Q1d", "several values are or, several parameters are and", (OR, AND)),
    Claim("Q1e", "escapes of commas, bars, dollars and backslashes"),
    Claim("Q2a", "token: the four forms", _forms("token")),
    Claim("Q2b", "token: :not, of what is absent too", (("token", ":not"),)),
    Claim("Q2c", ":missing", (("token", ":missing"), ("date", ":missing"))),
    Claim("Q2d", "token: :text and :of-type", (("token", ":text"), ("token", ":of-type"))),
    Claim("Q2e", "token: booleans and contact points", tables=(tokens.PLAIN,)),
    Claim("Q3a", "date: as precise as it is written", (("date", ""),)),
    Claim("Q3b", "date: all prefixes", _prefixes("date")),
    Claim("Q3c", "date: zones, Periods with open ends, partial dates", tables=dates.TABLES[:4]),
    Claim("Q3d", "_lastUpdated", tables=(dates.UPDATED,)),
    Claim("Q4a", "number: implicit precision and prefixes", _prefixes("number")),
    Claim("Q4b", "quantity: system|code, ||unit, prefixes",
          (*_forms("quantity"), *_prefixes("quantity"))),
    Claim("Q5a", "reference: id, Type/id, URL, version", _forms("reference")),
    Claim("Q5b", "reference: :Type and :identifier",
          (("reference", ":Type"), ("reference", ":identifier"))),
    Claim("Q6a", "chains: typed, untyped, of several levels", _answered("chain")),
    Claim("Q6b", "chains: several at once"),
    Claim("Q6c", "_has, nested too", _answered("_has")),
    Claim("Q7", "composites on one element",
          (("composite", "token$quantity"), ("composite", "token$token"))),
    Claim("Q8", "uri: :below and :above", (("uri", ":below"), ("uri", ":above"))),
    Claim("Q9a", "_include and _revinclude: target type, wildcards, :iterate",
          (*_answered("_include"), *_answered("_revinclude"))),
    Claim("Q9b", "what is included comes once and is no match"),
    Claim("Q9c", "unknown includes are refused under strict handling"),
    Claim("Q10a", "the shape of a bundle, and of one without matches"),
    Claim("Q10b", "_sort by several keys, over all pages", _answered("_sort")),
    Claim("Q11a", "exact pages that join to the whole"),
    Claim("Q11b", "links to other pages are absolute"),
    Claim("Q11c", "only matches are counted"),
    Claim("Q11d", "pages stay right while data is inserted or deleted"),
    Claim("Q12a", "_summary", tuple(("_summary", mode) for mode in SUMMARIES)),
    Claim("Q12b", "_elements", _answered("_elements")),
    Claim("Q12c", "_total, and _count=0", (*_answered("_total"), *_answered("_count"))),
    Claim("Q12d", "a part of a resource is marked SUBSETTED"),
    Claim("Q13a", "POST _search answers as GET"),
    Claim("Q13b", "compartments"),
    Claim("Q14a", "one's own writes are found at once"),
    Claim("Q14b", "decimals come back as they were written"),
    Claim("Q14c", "a contained resource is no match"),
)  # fmt: skip

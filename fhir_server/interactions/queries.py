"""Query strings as pairs, within a bound (R4 `http.html#parameters`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from fhir_server.outcome import Category, error

MOST_VALUES: Final = 5_000
"""In one query: each is a condition of its own, to be planned and judged."""


def query_pairs(text: str, most: int, place: str | None = None) -> tuple[tuple[str, str], ...]:
    """Names and values in order. 400 for more than `most` of them, and for what is not UTF-8,
    422 for too many values; `place` is where the query stands, if it is in a resource."""
    if text.count("&") >= most:
        raise error(Category.INVALID, f"A query may have {most} parameters here.", place)
    try:
        pairs = tuple(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise error(
            Category.INVALID, "The parameters have to be percent-encoded UTF-8.", place
        ) from None
    if len(text) > MOST_VALUES and _values(pairs) > MOST_VALUES:
        told = f"A query may ask for {MOST_VALUES} values, all in all; send it in several parts."
        raise error(Category.TOO_COSTLY, told, place)
    return pairs


def _values(pairs: Iterable[tuple[str, str]]) -> int:
    """Those between commas, and the words of a `_filter` or a text."""
    return sum(1 + value.count(",") + value.count(" ") for _, value in pairs)

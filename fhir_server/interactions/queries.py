"""Query strings as pairs, within a bound (R4 `http.html#parameters`)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fhir_server.outcome import Category, error


def query_pairs(text: str, most: int, place: str | None = None) -> tuple[tuple[str, str], ...]:
    """Names and values in order. 400 for more than `most` of them, and for what is not UTF-8;
    `place` is where the query stands, if it is in a resource."""
    if text.count("&") >= most:
        raise error(Category.INVALID, f"A query may have {most} parameters here.", place)
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise error(
            Category.INVALID, "The parameters have to be percent-encoded UTF-8.", place
        ) from None

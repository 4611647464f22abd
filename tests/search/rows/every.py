"""All tables of rows."""

from __future__ import annotations

from tests.search.rows import (
    composites,
    dates,
    filters,
    numbers,
    places,
    quantities,
    references,
    strings,
    tokens,
    uris,
    words,
)

TABLES = (
    *numbers.TABLES,
    *dates.TABLES,
    *strings.TABLES,
    *tokens.TABLES,
    *references.TABLES,
    *composites.TABLES,
    *quantities.TABLES,
    *uris.TABLES,
    *places.TABLES,
    *words.TABLES,
    *filters.TABLES,
)

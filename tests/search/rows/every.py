"""All tables of rows."""

from __future__ import annotations

from tests.search.rows import (
    composites,
    dates,
    numbers,
    places,
    quantities,
    references,
    strings,
    tokens,
    uris,
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
)

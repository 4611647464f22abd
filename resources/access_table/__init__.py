"""Whose each resource is: one row for each of the 146 types (`docs/access.md`).

`visibility(type)` is the row; `members(resource)` are the patients whose record a resource is
part of. Pure data and functions of the resource alone; the policies stand in
`fhir_server.access`.
"""

from __future__ import annotations

from resources.access_table.membership import UNKNOWN, members
from resources.access_table.model import Kind, Link, Row
from resources.access_table.rows import ROWS

__all__ = ["ROWS", "UNKNOWN", "Kind", "Link", "Row", "members", "visibility"]


def visibility(type_name: str) -> Row:
    """The row of a type. A name that is no type is a `KeyError`: nobody decides on it."""
    return ROWS[type_name]

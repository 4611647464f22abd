"""`near` (R4 `location.html#search`): kilometres without units, ten of them without a distance."""

from __future__ import annotations

from decimal import Decimal

from tests.search.rows.row import Resource, Row, Table


def _place(name: str, latitude: str, longitude: str) -> Resource:
    position = {"latitude": Decimal(latitude), "longitude": Decimal(longitude)}
    return {"resourceType": "Location", "id": name, "position": position}


LONDON = _place("london", "51.5074", "-0.1278")
PLACES = Table(
    "cities",
    "Location",
    [
        LONDON,
        _place("paris", "48.8566", "2.3522"),
        _place("fiji", "-17.7134", "179.9"),
        _place("nowhere", "91", "0"),
        {"resourceType": "Location", "id": "none"},
    ],
    [
        Row("near=51.5|-0.12", "london"),
        Row("near=51.6|-0.12|10"),
        Row("near=51.6|-0.12|11|km", "london"),
        Row("near=51.6|-0.12|11", "london"),
        Row("near=51.6|-0.12|11000|m", "london"),
        Row("near=51.6|-0.12|6|[mi_i]"),
        Row("near=51.6|-0.12|7|[mi_i]", "london"),
        Row("near=48.8566|2.3522|343|km", "paris", "paris london"),
        Row("near=48.8566|2.3522|345|km", "london paris", "london fiji"),
        Row("near=-17.7134|-179.9|22|km", "fiji"),
        Row("near=0|0|30000|km", "fiji london nowhere paris"),
        Row("near=51.5|-0.12,48.85|2.35", "london paris"),
        Row("near:missing=true", "none", "none nowhere"),
        Row("near:missing=false", "fiji london nowhere paris"),
    ],
)
ONE = Table("one city alone", "Location", [LONDON], [Row("near:missing=true")])

TABLES = (PLACES, ONE)

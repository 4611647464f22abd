"""`near` on Location (R4 `location.html#search`): within so far of a point, as the crow flies.

    near=[latitude]|[longitude]|[distance]|[units]

The units are UCUM's of length, kilometres where there are none; without a distance, it is
`DEFAULT` metres.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Expression, Near, Place, Prefix, Present
from fhir_server.search.types.number import as_decimal, read
from resources.extraction import Extracted
from resources.ucum import canonical

DEFAULT: Final = Decimal(10_000)
"""Metres."""
RADIUS: Final = Decimal(6_371_008)
"""The mean radius of the Earth in metres."""


def point(values: Iterable[Extracted]) -> Place | None:
    """Where a Location is, if it is anywhere on Earth."""
    for each in values:
        value: Any = each.value
        longitude, latitude = as_decimal(value.get("longitude")), as_decimal(value.get("latitude"))
        if longitude is not None and latitude is not None:
            found = Place(float(longitude), float(latitude))
            return found if _on_earth(found) else None
    return None


def holds(asked: Near, place: Place) -> bool:
    """Whether a point lies in the circle, by the angle between the two (haversine)."""
    here, there = math.radians(asked.center.latitude), math.radians(place.latitude)
    across = math.radians(place.longitude - asked.center.longitude)
    half = (
        math.sin((there - here) / 2) ** 2
        + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    )
    return 2 * math.asin(min(1.0, math.sqrt(half))) <= asked.radians


def match(parameter: str, value: str, parts: list[str]) -> Expression:
    """The condition that one value of a query states."""
    if not 2 <= len(parts) <= 4:
        raise _wrong(parameter, value)
    latitude, longitude = (float(_number(parameter, part)) for part in parts[:2])
    center = Place(longitude, latitude)
    radians = float(_metres(parameter, value, *parts[2:]) / RADIUS)
    if not _on_earth(center):
        raise _wrong(parameter, value)
    return Near(parameter, center, radians) if radians < math.pi else Present(parameter)


def _number(parameter: str, value: str) -> Decimal:
    asked = read(parameter, value)
    if asked.prefix is not Prefix.EQ:
        text = f"{parameter}: {value}: it takes no prefix."
        raise error(Category.INVALID, text)
    return (asked.low + asked.high) / 2


def _metres(parameter: str, value: str, distance: str = "", units: str = "") -> Decimal:
    unit = canonical(units or "km")
    if unit is None or unit.dimension != "m":
        text = f"{parameter}={value}: {units} is no unit of length, such as km, m or [mi_i]."
        raise error(Category.INVALID, text)
    if not distance:
        return DEFAULT
    amount = unit.of(_number(parameter, distance))
    if amount < 0:
        raise _wrong(parameter, value)
    return amount


def _on_earth(place: Place) -> bool:
    return -180 <= place.longitude <= 180 and -90 <= place.latitude <= 90


def _wrong(parameter: str, value: str) -> FhirError:
    form = "[latitude]|[longitude]|[distance]|[units], the last two or one left out"
    return error(Category.INVALID, f"{parameter}={value}: it is {form}.")

"""`near` (R4 `location.html#search`): as the crow flies over a globe."""

from __future__ import annotations

from math import acos, cos, radians, sin
from typing import Any

KILOMETRES = {"km": 1.0, "m": 0.001, "[mi_i]": 1.609344}
RADIUS = 6371.008


def near(position: dict[str, Any], value: str) -> bool:
    latitude, longitude, distance, units = (*value.split("|"), "", "")[:4]
    within = float(distance) * KILOMETRES[units or "km"] if distance else 10
    return (
        _apart(
            float(latitude),
            float(longitude),
            float(position["latitude"]),
            float(position["longitude"]),
        )
        <= within
    )


def _apart(latitude: float, longitude: float, other: float, across: float) -> float:
    """By the law of cosines on a sphere."""
    here, there = radians(latitude), radians(other)
    angle = sin(here) * sin(there) + cos(here) * cos(there) * cos(radians(across - longitude))
    return RADIUS * acos(max(-1.0, min(1.0, angle)))

"""Schedules and their Slots, free and busy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from resources.fhir_json import Resource
from tests.bench.search.chance import LAST, Made, chance, identity, reference

SLOTS: Final = 250
"""Of one schedule."""
A_DAY: Final = 10
_HALF_HOUR: Final = timedelta(minutes=30)
_STATUSES: Final = ("free", "busy", "busy-unavailable")
_BY_STATUS: Final = (0.5, 0.95, 1.0)


def opening(number: int) -> datetime:
    """When the first slot of a schedule begins."""
    return LAST + timedelta(days=number % 7)


def calendar(number: int) -> Iterator[Made]:
    """One practitioner's Schedule and its Slots of the coming weeks."""
    schedule = identity("Schedule", number)
    begin = opening(number)
    end = begin + timedelta(days=SLOTS // A_DAY)
    resource: Resource = {
        "resourceType": "Schedule",
        "active": True,
        "actor": [reference("Practitioner", identity("Practitioner", number))],
        "planningHorizon": {"start": begin.isoformat(), "end": end.isoformat()},
    }
    made_on = LAST - timedelta(days=30)
    yield Made(resource, schedule, made_on)
    among = chance("Slot", number)
    for each in range(SLOTS):
        start = begin + timedelta(days=each // A_DAY) + each % A_DAY * _HALF_HOUR
        slot: Resource = {
            "resourceType": "Slot",
            "schedule": reference("Schedule", schedule),
            "status": among.choices(_STATUSES, cum_weights=_BY_STATUS)[0],
            "start": start.isoformat(),
            "end": (start + _HALF_HOUR).isoformat(),
        }
        written = made_on + timedelta(minutes=int(among.random() * 30 * 24 * 60))
        yield Made(slot, identity("Slot", number, each), written)

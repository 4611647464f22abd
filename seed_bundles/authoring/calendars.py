"""The calendars of the clinic: schedules with free and busy slots for the coming weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .chart import Bundle
from .clinic import (
    AMSEL,
    BOONE,
    CLINIC_ROOM,
    MARSH,
    OKAFOR,
    TANAKA,
    VIDEO_ROOM,
    VIDEO_VISIT,
    Member,
    later,
)
from .elements import at, reference, snomed

WEEKS: Final = 5
"""How far ahead the calendars are open."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A schedule with its weekly surgery: weekdays (0 is Monday) and the hours of its slots."""

    member: Member
    video: bool
    weekdays: tuple[int, ...]
    hours: tuple[str, ...]
    minutes: int = 30

    @property
    def logical_id(self) -> str:
        return f"{self.member.logical_id}{'-video' if self.video else ''}"

    def slot_id(self, offset: int, hour: str) -> str:
        return f"{self.logical_id}-w{offset // 7}d{offset % 7}-{hour.replace(':', '')}"


CALENDARS: Final = (
    Calendar(OKAFOR, False, (0, 1, 3), ("08:30", "09:00", "10:30", "13:30", "14:00")),
    Calendar(OKAFOR, True, (2,), ("12:00", "12:30", "16:00", "16:30")),
    Calendar(TANAKA, False, (1, 3), ("09:00", "10:00", "13:00")),
    Calendar(MARSH, False, (0, 2), ("09:00", "11:00", "14:00")),
    Calendar(BOONE, False, (2, 4), ("08:30", "09:30", "13:30")),
    Calendar(AMSEL, True, (0, 3), ("15:00", "16:00", "17:00"), 50),
)


def calendars(booked: frozenset[str]) -> Bundle:
    """Schedules with their slots from the anchor's week on: busy where booked, and a few others."""
    bundle = Bundle("clinic-calendars")
    for calendar in CALENDARS:
        _schedule(bundle, calendar)
        for week in range(WEEKS):
            for weekday in calendar.weekdays:
                for number, hour in enumerate(calendar.hours):
                    taken = (week + weekday + number) % 4 == 0 and week < 3
                    _slot(bundle, calendar, week * 7 + weekday, hour, booked, taken)
    return bundle


def _schedule(bundle: Bundle, calendar: Calendar) -> None:
    bundle.put(
        "Schedule",
        calendar.logical_id,
        active=True,
        serviceType=[VIDEO_VISIT] if calendar.video else [{"text": "Visit at the clinic"}],
        specialty=[snomed(*calendar.member.specialty)],
        actor=[calendar.member.ref, VIDEO_ROOM if calendar.video else CLINIC_ROOM],
        planningHorizon={"start": at(0, "00:00"), "end": at(7 * WEEKS, "00:00")},
    )


def _slot(
    bundle: Bundle, calendar: Calendar, offset: int, hour: str, booked: frozenset[str], taken: bool
) -> None:
    slot_id = calendar.slot_id(offset, hour)
    bundle.put(
        "Slot",
        slot_id,
        serviceType=[VIDEO_VISIT] if calendar.video else None,
        schedule=reference(f"Schedule/{calendar.logical_id}"),
        status="busy" if taken or f"Slot/{slot_id}" in booked else "free",
        start=at(offset, hour),
        end=at(offset, later(hour, calendar.minutes)),
    )

"""Communications of one patient, in threads: the answers to a message refer to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from resources.fhir_json import Resource
from tests.bench.search.chance import (
    FIRST,
    LAST,
    Made,
    chance,
    concept,
    identity,
    moment,
    reference,
    share,
)
from tests.bench.search.orders import FEW

TOPICS: Final = "http://practice.example/topics"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/communication-category"
_TOPICS: Final = ("results", "refill", "appointment", "symptoms", "billing")
_LENGTHS: Final = (1, 2, 3, 6, 12)


def messages(number: int, practitioner: str) -> Iterator[Made]:
    """All threads of one patient."""
    among = chance("Communication", number)
    left, begin = share(number, FEW), 0
    while left:
        length = min(left, among.choice(_LENGTHS))
        yield from _thread(number, range(begin, begin + length), practitioner, among)
        begin, left = begin + length, left - length


def _thread(number: int, numbers: range, practitioner: str, among: Random) -> Iterator[Made]:
    """A first message, and what answers it: both its thread and the message before."""
    first = reference("Communication", identity("Communication", number, numbers[0]))
    topic = concept(TOPICS, among.choice(_TOPICS))
    sent = moment(among, FIRST, LAST)
    for each in numbers:
        links: dict[str, Any] = {}
        if each != numbers[0]:
            before = reference("Communication", identity("Communication", number, each - 1))
            links = {"partOf": [first], "inResponseTo": [first]}
            links["inResponseTo"] += [before] if before != first else []
        yield _message(number, each, practitioner, sent, {**links, "topic": topic})
        sent += timedelta(minutes=5 + int(among.expovariate(1 / 600)))


def _message(
    number: int, each: int, practitioner: str, sent: datetime, more: dict[str, Any]
) -> Made:
    ends = [reference("Patient", identity("Patient", number))]
    ends.insert(each % 2, reference("Practitioner", practitioner))
    resource: Resource = {
        "resourceType": "Communication",
        "status": "completed" if each % 4 else "in-progress",
        "category": [concept(_CATEGORY, "notification")],
        "subject": reference("Patient", identity("Patient", number)),
        **more,
        "sent": sent.isoformat(),
        "recipient": [ends[0]],
        "sender": ends[1],
        "payload": [{"contentString": "Thank you, that is how I have understood it."}],
    }
    return Made(resource, identity("Communication", number, each), sent)

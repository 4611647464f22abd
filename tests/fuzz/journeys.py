"""Requests that are mostly good: what one app does to the record of its patient, step by step.

Valid resources with odd values, and what follows from earlier answers: reads of versions, updates,
patches and deletes of what was created, searches for what is there, transactions, operations.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fhir_server.search.catalogue import Catalogue
from resources import fhir_json, fhir_xml
from resources.validation import validate
from tests.fuzz.requests import Fuzzed, Json

STEPS: Final = {
    "create": 10,
    "update": 8,
    "read": 8,
    "search": 16,
    "patch": 6,
    "delete": 3,
    "bundle": 4,
    "operate": 5,
    "conditional": 4,
}
_REMEMBERED: Final = 200
_TEXTS: Final = (
    "Zoë Müller-Łukasiewicz",
    "\u202eabc\u202c",
    "a\u0300\u0323" * 20,
    "👩‍👩‍👧‍👦" * 5,
    "ﷺ" * 9,
    "\u2028\u2029\ufeff",
    "ẞß İı ſ",
    "\t\r\n x",
    "\\u0000",
    "a|b$c,d\\e",
    "%00%2F..",
    "<b>&amp;</b>",
    "x" * 5000,
    "w " * 800,
    "𐀀\U0010ffff",
)
_DATES: Final = (
    "0001-01-01",
    "1900",
    "1582-10-10",
    "2024-02-29",
    "9999-12",
    "2024-12-31T23:59:60Z",
    "2024-03-10T02:30:00-14:00",
    "2024-01-01T00:00:00.123456789+14:00",
)
_NUMBERS: Final = (0, -0.0, 1e-7, 123456789012345.678, 1e30, 0.1, 999999999, -5)
_PREFER: Final = ("return=minimal", "return=representation", "return=OperationOutcome")
_ACCEPTED: Final = ("application/fhir+json", "application/fhir+xml", "*/*", "application/json")
_ODD_MODIFIERS: Final = ("missing", "not", "text", "exact", "contains", "identifier", "below")
JSON_PATCH: Final = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class _Known:
    type_name: str
    logical_id: str
    version: str

    @property
    def place(self) -> str:
        return f"{self.type_name}/{self.logical_id}"


class Journey:
    """The same steps for the same seed and answers."""

    def __init__(self, seed: int, patient: str, record: Sequence[Json], base: str) -> None:
        self._random = random.Random(seed)
        self._patient = patient
        self._record = [each for each in record if each["resourceType"] != "Patient"]
        self._known: deque[_Known] = deque(maxlen=_REMEMBERED)
        self._catalogue = Catalogue(base)

    def next(self) -> Fuzzed:
        step = self._random.choices(list(STEPS), list(STEPS.values()))[0]
        made: Fuzzed = getattr(self, f"_{step}")()
        return made

    def learn(self, status: int, headers: Any) -> None:
        """What was written, from the answer's `Location`."""
        place = headers.get("location", "").rpartition("/fhir/")[2].split("/")
        if status in (200, 201) and len(place) == 4:
            self._known.append(_Known(place[0], place[1], place[3]))

    # ---- steps -------------------------------------------------------------------------------

    def _create(self) -> Fuzzed:
        body = self._resource()
        return self._sent("POST", body["resourceType"], body)

    def _update(self) -> Fuzzed:
        """Of what is known, or what was deleted; sometimes of an older version."""
        known = self._one()
        if known is None:
            return self._create()
        body = {**self._resource(known.type_name), "id": known.logical_id}
        headers = {"if-match": f'W/"{known.version}"'} if self._random.random() < 0.4 else {}
        return self._sent("PUT", known.place, body, headers)

    def _read(self) -> Fuzzed:
        known, rng = self._one(), self._random
        if known is None:
            resource = rng.choice(self._record)
            return self._sent("GET", f"{resource['resourceType']}/{resource['id']}")
        path = rng.choice(
            (
                known.place,
                f"{known.place}/_history",
                f"{known.place}/_history/{known.version}",
                f"{known.place}?_summary=text",
                f"{known.type_name}/_history?_count=5",
                "_history?_since=2024-01-01&_count=3",
                f"{known.place}/_history?_count=1&_at=2024",
            )
        )
        headers = rng.choice(({}, {"if-none-match": f'W/"{known.version}"'}))
        return self._sent(rng.choice(("GET", "GET", "HEAD")), path, None, headers)

    def _search(self) -> Fuzzed:
        rng = self._random
        resource = rng.choice(self._record)
        type_name: str = resource["resourceType"]
        pairs = [self._asked(type_name, resource) for _ in range(rng.randint(1, 3))]
        pairs += rng.sample(
            (
                ("_count", str(rng.randint(0, 30))),
                ("_sort", rng.choice(("_id", "-_lastUpdated"))),
                ("_total", rng.choice(("none", "accurate", "estimate"))),
                ("_include", "*"),
                ("_include:iterate", f"{type_name}:*"),
                ("_revinclude", "Provenance:target"),
                ("_elements", "id,status"),
                ("_summary", rng.choice(("true", "text", "data", "count", "false"))),
                ("_format", rng.choice(("json", "xml", "application/fhir+xml"))),
                ("_pretty", "true"),
            ),
            rng.randint(0, 3),
        )
        query = urlencode(pairs)
        place = rng.choice((type_name, type_name, f"Patient/{self._patient}/{type_name}"))
        headers = {"prefer": "handling=lenient"} if rng.random() < 0.5 else {}
        if rng.random() < 0.3:
            form = {"content-type": "application/x-www-form-urlencoded"}
            return Fuzzed("search", "POST", f"{place}/_search", headers | form, query.encode())
        return self._sent("GET", f"{place}?{query}", None, headers)

    def _asked(self, type_name: str, resource: Json) -> tuple[str, str]:
        """A parameter of the type, mostly with something that a resource of it has."""
        rng = self._random
        field = rng.choice(list(self._catalogue.fields(type_name).values()))
        found = [str(each) for each in _leaves(resource) if 0 < len(str(each)) < 200]
        value = rng.choice(found)
        match field.type:
            case "date":
                value = rng.choice(("", "ge", "lt", "ne", "ap")) + rng.choice(_DATES)
            case "number" | "quantity":
                value = rng.choice(("", "gt", "le")) + str(abs(rng.choice(_NUMBERS)))
            case "reference":
                value = rng.choice((f"Patient/{self._patient}", self._patient, value))
            case _:
                pass
        name = field.name
        if rng.random() < 0.25:
            name = f"{name}:{rng.choice((*field.modifiers, *_ODD_MODIFIERS))}"
            value = rng.choice(("true", value))
        return name, value

    def _patch(self) -> Fuzzed:
        known, rng = self._one(), self._random
        if known is None:
            return self._create()
        text = rng.choice(_TEXTS)
        if rng.random() < 0.6:
            operations = [
                {"op": "add", "path": "/language", "value": "de"},
                {"op": "test", "path": "/id", "value": known.logical_id},
                {"op": "add", "path": "/extension", "value": [_extension(text)]},
                {"op": "copy", "from": "/extension/0", "path": "/extension/-"},
                {"op": "remove", "path": "/extension/0"},
            ][: rng.randint(1, 5)]
            body = json.dumps(operations).encode()
            return Fuzzed("patch", "PATCH", known.place, {"content-type": JSON_PATCH}, body)
        parts = [
            {"name": "type", "valueCode": "add"},
            {"name": "path", "valueString": known.type_name},
            {"name": "name", "valueString": "extension"},
            {"name": "value", "valueExtension": _extension(text)},
        ]
        operation = {"name": "operation", "part": parts}
        body = {"resourceType": "Parameters", "parameter": [operation] * rng.randint(1, 3)}
        return self._sent("PATCH", known.place, body)

    def _delete(self) -> Fuzzed:
        known = self._one()
        return self._create() if known is None else self._sent("DELETE", known.place)

    def _conditional(self) -> Fuzzed:
        rng, body = self._random, self._resource("Observation")
        value = f"{self._patient}-{rng.randint(0, 20)}"
        body["identifier"] = [{"system": "urn:fuzz", "value": value}]
        criteria = f"identifier=urn:fuzz|{value}"
        if rng.random() < 0.5:
            return self._sent("POST", "Observation", body, {"if-none-exist": criteria})
        if rng.random() < 0.6:
            return self._sent("PUT", f"Observation?{quote(criteria, safe='=|')}", body)
        return self._sent("DELETE", f"Observation?{quote(criteria, safe='=|')}")

    def _bundle(self) -> Fuzzed:
        rng = self._random
        entries: list[Json] = []
        for number in range(rng.randint(1, 8)):
            body, known = self._resource(), self._one()
            link = f"urn:uuid:{UUID(int=rng.getrandbits(128), version=4)}"
            request = {"method": "POST", "url": body["resourceType"]}
            entry: Json = {"fullUrl": link, "resource": body, "request": request}
            if known is not None and rng.random() < 0.4:
                method = rng.choice(("PUT", "DELETE", "GET"))
                entry = {"request": {"method": method, "url": known.place}}
                if method == "PUT":
                    body = self._resource(known.type_name)
                    entry["resource"] = {**body, "id": known.logical_id}
            elif number and "fullUrl" in entries[0] and rng.random() < 0.5:
                body["derivedFrom"] = [{"reference": entries[0]["fullUrl"]}]
            entries.append(entry)
        kind = rng.choice(("transaction", "batch"))
        return self._sent("POST", "", {"resourceType": "Bundle", "type": kind, "entry": entries})

    def _operate(self) -> Fuzzed:
        rng, known, body = self._random, self._one(), self._resource()
        patient = f"Patient/{self._patient}"
        ways: list[tuple[str, str, Json | None]] = [
            ("POST", f"{body['resourceType']}/$validate", body),
            ("GET", f"{patient}/$everything?_count={rng.randint(1, 40)}", None),
            ("GET", f"{patient}/$everything?_type=Observation&start=2020&end=2030", None),
            ("GET", f"Observation/$lastn?patient={self._patient}&max=2", None),
            ("GET", f"Observation?patient={self._patient}&_sort=-date", None),
            ("GET", f"{body['resourceType']}/$explain?status=final", None),
            ("GET", "$versions", None),
        ]
        if known is not None:
            tag = {"name": "meta", "valueMeta": {"tag": [{"code": rng.choice(_TEXTS[:1])}]}}
            meta = {"resourceType": "Parameters", "parameter": [tag]}
            ways += [
                ("GET", f"{known.place}/$meta", None),
                ("POST", f"{known.place}/$meta-add", meta),
                ("POST", f"{known.place}/$meta-delete", meta),
                ("GET", f"{known.place}/$validate", None),
            ]
        return self._sent(*rng.choice(ways))

    # ---- what they are made of ---------------------------------------------------------------

    def _one(self) -> _Known | None:
        return self._random.choice(self._known) if self._known else None

    def _resource(self, type_name: str | None = None) -> Json:
        """One of the record, as new, some of its values odd but of their type."""
        rng = self._random
        among = [each for each in self._record if type_name in (None, each["resourceType"])]
        copy: Json = json.loads(json.dumps(rng.choice(among or self._record)))
        for name in ("id", "meta", "text"):
            copy.pop(name, None)
        for _ in range(rng.randint(0, 3)):
            self._vary(copy)
        return copy

    def _vary(self, copy: Json) -> None:
        rng = self._random
        places = list(_places(copy))
        owner, key, value = rng.choice(places)
        if isinstance(value, list):
            value.append(json.loads(json.dumps(rng.choice(value))))
        elif isinstance(value, float):
            owner[key] = rng.choice(_NUMBERS)
        elif str(value)[:4].isdigit() and isinstance(value, str):
            owner[key] = rng.choice(_DATES)
        elif key in ("display", "text", "title", "description", "contentString", "unit"):
            owner[key] = rng.choice(_TEXTS)
        elif rng.random() < 0.2:
            copy["extension"] = [_extension(rng.choice(_TEXTS))]

    def _sent(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Fuzzed:
        """The resource as JSON or XML, packed or not."""
        rng, sent = self._random, dict(headers or {})
        if rng.random() < 0.3:
            sent["accept"] = rng.choice(_ACCEPTED)
        if rng.random() < 0.2:
            sent.setdefault("prefer", rng.choice(_PREFER))
        text = b""
        if body is not None:
            text = json.dumps(body, ensure_ascii=rng.random() < 0.5).encode()
            sent["content-type"] = "application/fhir+json"
            if rng.random() < 0.15 and (xml := _as_xml(text)):
                text, sent["content-type"] = xml, "application/fhir+xml"
            if rng.random() < 0.1:
                text, sent["content-encoding"] = gzip.compress(text, 1), "gzip"
        return Fuzzed("journey", method, path, sent, text)


def _as_xml(text: bytes) -> bytes | None:
    """None for what has no XML."""
    parsed: Any = fhir_json.parse(text)
    return None if validate(parsed) else fhir_xml.dump(parsed)


def _extension(text: str) -> Json:
    return {"url": "urn:fuzz", "valueString": text}


def _places(value: Any) -> Any:
    """Each member of a JSON value, with what it stands in and where."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in list(members):
        yield value, key, member
        if isinstance(member, dict | list):
            yield from _places(member)


def _leaves(value: Any) -> Any:
    for _, _, member in _places(value):
        if not isinstance(member, dict | list):
            yield member

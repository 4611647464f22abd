"""Entries of the model as entries of a Bundle, and what a server has, back as the model has it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from resources import fhir_json
from tests.serving import Caller
from tests.transactions.model import Asked, Content, Told

Resource = dict[str, Any]


@dataclass(frozen=True)
class Speaker:
    """One world of its own in a store that others use too."""

    system: str
    """Of all identifiers of this world."""

    def bundle(self, entries: Sequence[Asked]) -> Resource:
        spoken = [self._entry(index, asked) for index, asked in enumerate(entries)]
        return {"resourceType": "Bundle", "type": "transaction", "entry": spoken}

    def where(self, value: str) -> str:
        return f"identifier={self.system}|{value}"

    def _entry(self, index: int, asked: Asked) -> Resource:
        request: Resource = {"method": asked.method, "url": self._url(asked)}
        made: Resource = {"request": request}
        if asked.if_match is not None:
            request["ifMatch"] = f'W/"{asked.if_match}"'
        if asked.method == "POST" and asked.value is not None:
            request["ifNoneExist"] = self.where(asked.value)
        if asked.method in ("POST", "PUT"):
            made["fullUrl"] = _full_url(index)
            made["resource"] = self._resource(asked)
        elif asked.method == "PATCH":
            made["resource"] = _patch(asked)
        return made

    def _url(self, asked: Asked) -> str:
        if asked.method == "POST":
            return "Patient"
        return f"Patient?{self.where(asked.value)}" if asked.value else f"Patient/{asked.one}"

    def _resource(self, asked: Asked) -> Resource:
        made: Resource = {"resourceType": "Patient", "multipleBirthInteger": asked.number}
        if asked.method == "PUT" and asked.one is not None:
            made["id"] = asked.one
        if asked.values:
            made["identifier"] = [{"system": self.system, "value": one} for one in asked.values]
        if (to := self._reference(asked)) is not None:
            made["link"] = [{"other": {"reference": to}, "type": "seealso"}]
        if asked.broken:
            made["gender"] = "nonsense"
        return made

    def _reference(self, asked: Asked) -> str | None:
        if asked.to_entry is not None:
            return _full_url(asked.to_entry)
        return f"Patient?{self.where(asked.to_value)}" if asked.to_value else None

    def content(self, resource: Resource) -> Content:
        link = resource["link"][0]["other"]["reference"] if "link" in resource else None
        return Content(
            resource["multipleBirthInteger"],
            tuple(one["value"] for one in resource.get("identifier", ())),
            None if link is None else link.removeprefix("Patient/"),
        )

    async def look(self, caller: Caller, ids: Iterable[str], values: Iterable[str]) -> Any:
        """Every version of these, and what is found by these identifiers, of one instant or not."""
        asked = [f"Patient/{one}/_history?_count=200" for one in ids]
        asked += [f"Patient?{self.where(value)}&_count=200" for value in values]
        entries = [{"request": {"method": "GET", "url": url}} for url in asked]
        body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answered = (await caller.post("", body)).json()["entry"]
        histories = [self._history(one) for one in answered[: len(list(ids))]]
        found = [_found(one["resource"]) for one in answered[len(list(ids)) :]]
        return histories, found

    def _history(self, answered: Resource) -> list[Content | None]:
        """The versions, the oldest first; none where there never was such a resource."""
        if answered["response"]["status"][:3] == "404":
            return []
        entries = answered["resource"]["entry"][::-1]
        assert answered["resource"]["total"] == len(entries)
        numbers = [one["resource"]["meta"]["versionId"] for one in entries if "resource" in one]
        places = [str(n) for n, one in enumerate(entries, 1) if "resource" in one]
        assert numbers == places, "no version is missing and none is there twice"
        return [self.content(one["resource"]) if "resource" in one else None for one in entries]


def told(answered: Resource) -> Told:
    """An entry of the response."""
    response = answered["response"]
    status = int(response["status"][:3])
    resource = answered.get("resource", {})
    version = int(response["etag"][3:-1]) if "etag" in response and status != 204 else None
    if resource.get("resourceType") == "Bundle":
        return Told(status, found=_found(resource))
    if "location" in response:
        return Told(status, response["location"].split("/_history")[0].split("/")[-1], version)
    return Told(status, resource.get("id"), version)


def _found(searchset: Resource) -> frozenset[str]:
    return frozenset(one["resource"]["id"] for one in searchset.get("entry", ()))


def _full_url(index: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{index:012}"


def _patch(asked: Asked) -> Resource:
    operations = [{"op": "add", "path": "/multipleBirthInteger", "value": asked.number}]
    if asked.broken:
        operations.append({"op": "remove", "path": "/nothing"})
    data = b64encode(fhir_json.dump(operations)).decode()
    kind = "application/json-patch+json"
    return {"resourceType": "Binary", "contentType": kind, "data": data}

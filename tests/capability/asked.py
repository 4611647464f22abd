"""One type of the CapabilityStatement, with resources of it to ask about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from resources import fhir_json, fhir_xml
from tests.matrix.minimal import minimal
from tests.serving import Served

JSON, XML = "application/fhir+json", "application/fhir+xml"
TAGS = "urn:example:matrix"
Resource = dict[str, Any]


def written(resource: Resource, mime: str) -> bytes:
    """The bytes of a body of this media type."""
    return fhir_xml.dump(resource) if "xml" in mime else fhir_json.dump(resource)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def resource(self) -> Resource:
        """In it, by what it says that it is."""
        if "xml" in self.headers["content-type"]:
            return fhir_xml.parse(self.content)
        found: Resource = msgspec.json.decode(self.content)
        return found


def is_mime(name: str) -> bool:
    """Whether a format is a media type, and no short name for `_format`."""
    return "/" in name


@asynccontextmanager
async def asking(served: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the rights of a system that reaches everything."""
    headers = {"authorization": f"Bearer {await served.token('system/*.cruds')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        yield http


@dataclass
class Asked:
    """A type as it is listed, and what is stored of it."""

    http: aiohttp.ClientSession
    """Of a caller who reaches everything; aiohttp, as httpx takes longer than the server does."""
    base: str
    statement: Resource
    listed: Resource
    """The type's own entry, or `rest` of the statement."""
    mark: str = field(default_factory=lambda: uuid4().hex)
    """A tag that the resources of this test have, and no others."""
    ids: list[str] = field(default_factory=list[str])
    version: int = 1
    """Of the first of them."""

    @property
    def type(self) -> str:
        return self.listed.get("type", "")

    @property
    def formats(self) -> list[str]:
        return self.statement["format"]

    @property
    def codes(self) -> set[str]:
        return {each["code"] for each in self.listed["interaction"]}

    @property
    def operations(self) -> set[str]:
        return {each["name"] for each in self.listed.get("operation", ())}

    @property
    def place(self) -> str:
        return f"{self.type}/{self.ids[0]}"

    @property
    def tagged(self) -> str:
        return f"_tag={TAGS}|{self.mark}"

    def resource(self, logical_id: str = "any", **more: Any) -> Resource:
        return {**minimal(self.type, logical_id, self.mark, None), "language": "nl", **more}

    async def ask(
        self,
        expected: int,
        method: str,
        path: str,
        body: Resource | bytes | None = None,
        *,
        mime: str = JSON,
        **headers: str,
    ) -> Answer:
        """The answer, whose status is the one that is expected."""
        sent = {"accept": JSON, **{name.replace("_", "-"): text for name, text in headers.items()}}
        content = written(body, mime) if isinstance(body, dict) else body
        if body is not None:
            sent["content-type"] = mime
        url = f"{self.base}/{path}".rstrip("/")
        async with self.http.request(method, url, data=content, headers=sent) as response:
            answer = Answer(response.status, response.headers, await response.read())
        told = f"{method} {path} {sent}: {answer.status}, not {expected}: {answer.content[:300]!r}"
        assert answer.status == expected, told
        if expected >= 400 and method != "HEAD":
            assert answer.resource()["resourceType"] == "OperationOutcome", told
        return answer

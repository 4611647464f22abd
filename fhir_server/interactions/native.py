"""A Binary as the content that it is (R4 `binary.html#rest`): sent by its own Content-Type, and
taken by it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Final, cast

from fhir_server.store.marks import LARGE, Content, Parcel, content_at
from fhir_server.store.versions import StoredVersion
from resources import fhir_json
from resources.fhir_json import Resource

SMALL: Final = LARGE // 4 * 3
"""Bytes below which a content stays with its resource."""


@dataclass(frozen=True, slots=True)
class Native:
    """What is sent in place of the resource."""

    content_type: str
    """As it is stored: whatever somebody wrote there."""
    security_context: str | None
    content: bytes | Content
    """The bytes, or where they are kept."""


def native(version: StoredVersion) -> Native:
    """The content of this Binary."""
    binary = cast(Resource, fhir_json.parse(version.json))
    context: Any = binary.get("securityContext") or {}
    data: str = binary.get("data") or ""
    content = content_at(data) or b64decode("".join(data.split()))
    return Native(str(binary.get("contentType", "")), context.get("reference"), content)


def binary_of(
    chunks: list[bytearray], content_type: str, context: str | None
) -> tuple[Resource, tuple[Parcel, ...]]:
    """The Binary that such a body makes, with its content apart where that is large."""
    binary: Resource = {"resourceType": "Binary", "contentType": " ".join(content_type.split())}
    if context is not None:
        binary["securityContext"] = {"reference": context}
    size = sum(map(len, chunks))
    if size >= SMALL:
        parcel = Parcel.of(chunks)
        return {**binary, "data": parcel.content.mark}, (parcel,)
    if size:
        binary["data"] = b64encode(b"".join(chunks)).decode()
    return binary, ()

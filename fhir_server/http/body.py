"""Reading a request's body within limits: its size, packed and unpacked, then what it is
declared to be, then JSON or XML."""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from starlette.requests import Request

from fhir_server.http.codings import Unpacking
from fhir_server.http.limits import Bounds, Limits, fixed
from fhir_server.http.negotiation import Format, body_format, check_form_body, is_json_patch
from fhir_server.interactions.call import Patch
from fhir_server.interactions.cutting import cut
from fhir_server.interactions.patch import fhirpath_patch
from fhir_server.interactions.queries import query_pairs
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store.marks import CHUNK, LARGE, Parcel
from resources import fhir_json, fhir_xml
from resources.fhir_json import ARRAY, OBJECT, Json, Resource
from resources.patching import apply_json_patch


async def _unpacked(request: Request, bounds: Bounds) -> AsyncIterator[bytes]:
    """The body as it comes; 413 as soon as it is seen to be larger than it may be, packed
    or not."""
    declared = request.headers.get("content-length", "0")
    announced = int(declared) if declared.isdecimal() else 0
    if announced > bounds.most:
        raise _too_long(bounds.most)
    packing = Unpacking(request.headers.get("content-encoding"))
    is_known = "content-encoding" not in request.headers and announced > bounds.ordinary
    if is_known:
        bounds.beyond(announced)
    received = size = 0
    async for packed in request.stream():
        received += len(packed)
        piece = packing.unpack(packed, bounds.most - size)
        if not is_known and size <= bounds.ordinary < min(size + len(piece), bounds.most):
            bounds.beyond(bounds.most)
        size += len(piece)
        if max(size, received) > bounds.most:
            raise _too_long(bounds.most)
        if received - size > bounds.ordinary:  # packed without an end, and nothing in it
            raise _too_long(bounds.ordinary)
        yield piece
    packing.close()


async def read_body(request: Request, bounds: Bounds) -> bytearray:
    """The whole body."""
    body = bytearray()
    async for piece in _unpacked(request, bounds):
        body += piece
    return body


async def read_content(request: Request, bounds: Bounds) -> list[bytearray]:
    """The whole body in chunks, as it is stored if it is large."""
    chunks = [bytearray()]
    async for piece in _unpacked(request, bounds):
        left = memoryview(piece)
        while left:
            if len(chunks[-1]) == CHUNK:
                chunks.append(bytearray())
            some = CHUNK - len(chunks[-1])
            chunks[-1] += left[:some]
            left = left[some:]
    return chunks


@dataclass(frozen=True, slots=True)
class Taken:
    """A resource that came, its large contents apart."""

    resource: Resource
    parcels: tuple[Parcel, ...] = ()


async def read_resource(request: Request, limits: Limits, bounds: Bounds) -> Taken:
    """The resource in the body. 415, 413, or 400 with the place."""
    written = body_format(request.headers.get("content-type"))
    body, parcels = await _cut(await read_body(request, bounds), limits, bounds.rest)
    return Taken(_resource(body, written, limits), parcels)


async def read_optional(
    request: Request, limits: Limits, *, bundle: bool = False
) -> Resource | None:
    """The same, or None where there is no body, which then needs no type."""
    body = await read_body(request, fixed(limits.bundle if bundle else limits.resource))
    if not body:
        return None
    return _resource(bytes(body), body_format(request.headers.get("content-type")), limits)


async def _cut(
    body: bytearray, limits: Limits, rest_limit: int, *, is_patch: bool = False
) -> tuple[bytes, tuple[Parcel, ...]]:
    """What is left of the body without its large contents, each within its limit."""
    if len(body) < LARGE:
        rest, parcels = bytes(body), ()
    else:
        rest, parcels = await asyncio.to_thread(cut, body, is_patch=is_patch)
    if any(parcel.content.octets > limits.attachment for parcel in parcels):
        text = f"An attachment has more than the {limits.attachment} bytes that are taken."
        raise error(Category.TOO_LONG, text)
    if len(rest) > rest_limit:
        raise _too_long(rest_limit, " beside its attachments")
    return rest, parcels


def _resource(body: bytes, written: Format, limits: Limits) -> Resource:
    found = _json(body) if written is Format.JSON else _xml(body)
    # As long as its bytes cannot hold so many objects, nobody has to look.
    if body.count(b"{" if written is Format.JSON else b"<") > limits.depth:
        check_depth(found, limits.depth)
    return found


def check_depth(value: Json, most: int) -> None:
    """400 where more than `most` objects are inside one another, array or not."""
    level = _objects_in([value])
    for _ in range(most):
        level = [child for each in level for child in _objects_in(each)]
        if not level:
            return
    raise error(Category.STRUCTURE, f"The body nests deeper than the {most} levels that are taken.")


def _objects_in(value: Any) -> list[Any]:
    """The objects right below an object, those in its arrays too; of an array, its own."""
    found: list[Any] = []
    waiting: list[Any] = [value] if isinstance(value, ARRAY) else list(value.values())
    while waiting:
        each = waiting.pop()
        if isinstance(each, OBJECT):
            found.append(each)
        elif isinstance(each, ARRAY):
            waiting += each
    return found


def _any_json(body: bytes) -> Json:
    try:
        # A byte order mark in front may be ignored (RFC 8259 section 8.1).
        return fhir_json.parse(body.removeprefix(BOM_UTF8))
    except fhir_json.MalformedJson as problem:
        raise error(Category.STRUCTURE, f"The body is not JSON: {problem}.") from None


def _json(body: bytes) -> Resource:
    value = _any_json(body)
    if not isinstance(value, dict):
        raise error(Category.STRUCTURE, "The body has to be a JSON object: a resource.")
    return cast(dict[str, Any], value)


def _xml(body: bytes) -> Resource:
    try:
        return fhir_xml.parse(body)
    except fhir_xml.MalformedXml as problem:
        raise error(Category.STRUCTURE, f"The body is not FHIR XML: {problem}.") from None


async def read_patch(request: Request, limits: Limits) -> tuple[Patch, tuple[Parcel, ...]]:
    """The patch in the body: a JSON Patch, or a Parameters in either format."""
    bounds = fixed(limits.resource)
    if is_json_patch(request.headers.get("content-type")):
        body = await read_body(request, bounds)
        rest, parcels = await _cut(body, limits, bounds.rest, is_patch=True)
        operations = _any_json(rest)
        check_depth([operations], limits.depth)
        return partial(apply_json_patch, operations=operations), parcels
    taken = await read_resource(request, limits, bounds)
    return fhirpath_patch(taken.resource), taken.parcels


async def read_form(request: Request, limits: Limits) -> tuple[tuple[str, str], ...]:
    """The parameters of a search by POST."""
    check_form_body(request.headers.get("content-type"))
    return parameters_of(bytes(await read_body(request, fixed(limits.form))), limits)


def parameters_of(text: bytes, limits: Limits) -> tuple[tuple[str, str], ...]:
    """Names and values of a query string or form, in order; 400 where they are not UTF-8."""
    try:
        return query_pairs(text.decode(), limits.parameters)
    except UnicodeError:
        told = "The parameters have to be percent-encoded UTF-8."
        raise error(Category.INVALID, told) from None


def _too_long(limit: int, where: str = "") -> FhirError:
    text = f"The body is larger{where} than the {limit} bytes that are taken."
    return error(Category.TOO_LONG, text)

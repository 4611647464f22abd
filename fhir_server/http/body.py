"""Reading a request's body within limits: its size, packed and unpacked, then what it is
declared to be, then JSON or XML."""

from __future__ import annotations

from codecs import BOM_UTF8
from functools import partial
from typing import Any, cast

from starlette.requests import Request

from fhir_server.http.codings import Unpacking
from fhir_server.http.limits import Limits
from fhir_server.http.negotiation import Format, body_format, check_form_body, is_json_patch
from fhir_server.interactions.call import Patch
from fhir_server.interactions.patch import fhirpath_patch
from fhir_server.interactions.queries import query_pairs
from fhir_server.outcome import Category, FhirError, error
from resources import fhir_json, fhir_xml
from resources.fhir_json import ARRAY, OBJECT, Json, Resource
from resources.patching import apply_json_patch


async def read_body(request: Request, limit: int) -> bytes:
    """The body; 413 as soon as it is seen to be larger than `limit` bytes, packed or not."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_long(limit)
    packing = Unpacking(request.headers.get("content-encoding"))
    chunks: list[bytes] = []
    received = size = 0
    async for packed in request.stream():
        received += len(packed)
        chunk = packing.unpack(packed, limit - size)
        size += len(chunk)
        if max(size, received) > limit:
            raise _too_long(limit)
        chunks.append(chunk)
    packing.close()
    return b"".join(chunks)


async def read_resource(request: Request, limits: Limits, *, bundle: bool = False) -> Resource:
    """The resource in the body. 415, 413, or 400 with the place."""
    written = body_format(request.headers.get("content-type"))
    body = await read_body(request, limits.bundle if bundle else limits.resource)
    return _resource(body, written, limits)


async def read_optional(
    request: Request, limits: Limits, *, bundle: bool = False
) -> Resource | None:
    """The same, or None where there is no body, which then needs no type."""
    body = await read_body(request, limits.bundle if bundle else limits.resource)
    if not body:
        return None
    return _resource(body, body_format(request.headers.get("content-type")), limits)


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


async def read_patch(request: Request, limits: Limits) -> Patch:
    """The patch in the body: a JSON Patch, or a Parameters in either format."""
    if is_json_patch(request.headers.get("content-type")):
        operations = _any_json(await read_body(request, limits.resource))
        check_depth([operations], limits.depth)
        return partial(apply_json_patch, operations=operations)
    return fhirpath_patch(await read_resource(request, limits))


async def read_form(request: Request, limits: Limits) -> tuple[tuple[str, str], ...]:
    """The parameters of a search by POST."""
    check_form_body(request.headers.get("content-type"))
    return parameters_of(await read_body(request, limits.form), limits)


def parameters_of(text: bytes, limits: Limits) -> tuple[tuple[str, str], ...]:
    """Names and values of a query string or form, in order; 400 where they are not UTF-8."""
    try:
        return query_pairs(text.decode(), limits.parameters)
    except UnicodeError:
        told = "The parameters have to be percent-encoded UTF-8."
        raise error(Category.INVALID, told) from None


def _too_long(limit: int) -> FhirError:
    return error(Category.TOO_LONG, f"The body is larger than the {limit} bytes that are taken.")

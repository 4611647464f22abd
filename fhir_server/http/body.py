"""Reading a request's body within limits: its size, packed and unpacked, then what it is
declared to be, then JSON or XML."""

from __future__ import annotations

from functools import partial
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request

from fhir_server.http.codings import Unpacking
from fhir_server.http.negotiation import Format, body_format, check_form_body, is_json_patch
from fhir_server.interactions.call import Patch
from fhir_server.interactions.patch import fhirpath_patch
from fhir_server.outcome import Category, FhirError, error
from resources import fhir_json, fhir_xml
from resources.fhir_json import Json, Resource
from resources.patching import apply_json_patch


async def read_body(request: Request, limit: int) -> bytes:
    """The body; 413 as soon as it is seen to be larger than `limit` bytes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_long(limit)
    packing = Unpacking(request.headers.get("content-encoding"))
    chunks: list[bytes] = []
    size = 0
    async for packed in request.stream():
        chunk = packing.unpack(packed, limit - size)
        size += len(chunk)
        if size > limit:
            raise _too_long(limit)
        chunks.append(chunk)
    packing.close()
    return b"".join(chunks)


async def read_resource(request: Request, limit: int) -> Resource:
    """The resource in the body. 415, 413, or 400 with the place."""
    written = body_format(request.headers.get("content-type"))
    return _resource(await read_body(request, limit), written)


async def read_optional(request: Request, limit: int) -> Resource | None:
    """The same, or None where there is no body, which then needs no type."""
    body = await read_body(request, limit)
    if not body:
        return None
    return _resource(body, body_format(request.headers.get("content-type")))


def _resource(body: bytes, written: Format) -> Resource:
    return _json(body) if written is Format.JSON else _xml(body)


def _any_json(body: bytes) -> Json:
    try:
        return fhir_json.parse(body)
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


async def read_patch(request: Request, limit: int) -> Patch:
    """The patch in the body: a JSON Patch, or a Parameters in either format."""
    if is_json_patch(request.headers.get("content-type")):
        operations = _any_json(await read_body(request, limit))
        return partial(apply_json_patch, operations=operations)
    return fhirpath_patch(await read_resource(request, limit))


async def read_form(request: Request, limit: int) -> tuple[tuple[str, str], ...]:
    """The parameters of a search by POST."""
    check_form_body(request.headers.get("content-type"))
    return query_pairs(await read_body(request, limit))


def query_pairs(text: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values of a query string or form, in order; 400 where they are not UTF-8."""
    try:
        pairs = parse_qsl(
            text.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000
        )
    except (UnicodeError, ValueError):
        raise error(
            Category.INVALID,
            "The parameters have to be percent-encoded UTF-8, at most 1,000 of them.",
        ) from None
    return tuple(pairs)


def _too_long(limit: int) -> FhirError:
    return error(Category.TOO_LONG, f"The body is larger than the {limit} bytes that are taken.")

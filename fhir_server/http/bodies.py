"""The body of a request as its interaction takes it, and how large it may be (R4 `http.html`)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from starlette.requests import Request

from fhir_server.access.context import Interaction
from fhir_server.http.body import (
    read_content,
    read_form,
    read_optional,
    read_patch,
    read_resource,
)
from fhir_server.http.limits import Bounds, Limits, fixed, has_attachments
from fhir_server.http.native import is_media_type
from fhir_server.http.negotiation import is_form, is_native, split_steering
from fhir_server.http.room import Place
from fhir_server.interactions.call import Call
from fhir_server.interactions.native import binary_of
from fhir_server.interactions.row import Body, Row
from fhir_server.outcome import Category, error
from resources.references import parse_reference

_RIGHTS: Final = {
    "create": Interaction.CREATE,
    "update": Interaction.UPDATE,
    "patch": Interaction.UPDATE,
}


class Bodies:
    """Reads bodies within the limits of this server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def read(self, call: Call, row: Row, request: Request, place: Place) -> Call:
        """The call with what its body says. Raises 400, 413, 415, and for large ones 403, 503."""
        match row.body:
            case Body.NONE:
                return call
            case Body.FORM:
                return await self._with_form(call, request)
            case Body.PARAMETERS:
                return await self._with_parameters(call, request)
            case Body.PATCH:
                patch, parcels = await read_patch(request, self._limits)
                read = replace(call, patch=patch, parcels=parcels)
            case Body.RESOURCE | Body.BUNDLE:
                read = await self._with_resource(call, row, request, place)
        if read.parcels:
            _require(row, call)
        return read

    async def _with_form(self, call: Call, request: Request) -> Call:
        form, _, _ = split_steering(await read_form(request, self._limits))
        return replace(call, parameters=(*call.parameters, *form))

    async def _with_parameters(self, call: Call, request: Request) -> Call:
        """R4 3.2.0.1: a resource; here also a form, as a search takes it, or nothing at all."""
        if is_form(request.headers.get("content-type")):
            return await self._with_form(call, request)
        bundle = call.type_name == "Bundle"
        return replace(call, body=await read_optional(request, self._limits, bundle=bundle))

    async def _with_resource(self, call: Call, row: Row, request: Request, place: Place) -> Call:
        content_type = request.headers.get("content-type")
        if row.native and call.type_name == "Binary" and is_native(content_type):
            return await self._with_content(call, row, request, place)
        taken = await read_resource(request, self._limits, self._bounds(call, row, place))
        return replace(call, body=taken.resource, parcels=taken.parcels)

    async def _with_content(self, call: Call, row: Row, request: Request, place: Place) -> Call:
        """R4 `binary.html#rest`: what is no FHIR becomes the data of a Binary."""
        content_type = request.headers["content-type"]
        if not is_media_type(content_type):
            text = "Content-Type has to say what the content is, as in application/pdf."
            raise error(Category.MEDIA_TYPE, text)
        ordinary = min(self._limits.resource, self._limits.attachment)
        most = self._limits.attachment
        bounds = Bounds(ordinary, most, most, partial(_enter, row, call, place))
        chunks = await read_content(request, bounds)
        context = request.headers.get("x-security-context")
        if context is not None and parse_reference(context).logical_id is None:
            text = "X-Security-Context takes a reference to a resource, as in Patient/123."
            raise error(Category.INVALID, text)
        body, parcels = binary_of(chunks, content_type, context)
        if call.logical_id:
            body["id"] = call.logical_id
        return replace(call, body=body, parcels=parcels, native=True)

    def _bounds(self, call: Call, row: Row, place: Place) -> Bounds:
        limits = self._limits
        enter = partial(_enter, row, call, place)
        if row.body is Body.BUNDLE or call.type_name == "Bundle":
            ordinary = min(limits.resource, limits.bundle)
            return Bounds(ordinary, limits.bundle, limits.bundle, enter)
        if has_attachments(call.type_name):
            return Bounds(limits.resource, limits.with_attachment, limits.resource, enter)
        return fixed(limits.resource)


def _enter(row: Row, call: Call, place: Place, size: int) -> None:
    """Before more is read than an ordinary body has."""
    _require(row, call)
    place.take(size)


def _require(row: Row, call: Call) -> None:
    """Nobody sends what they may not write: FORBIDDEN before it is read, or put anywhere."""
    if row.code in _RIGHTS:
        call.store.require(_RIGHTS[row.code], call.type_name)

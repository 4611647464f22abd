"""Between a FHIR resource and its BSON, so that the way back gives every digit.

R4 `datatypes.html#decimal`: the precision of a decimal is part of its value. A Decimal128 holds
34 digits and remembers trailing zeros, so nearly every decimal is one and any MongoDB user can
query it. The few that it would respell (`1e-7`, 40 digits) are kept in `literals` as well, by
their path as a JSON pointer (RFC 6901).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Final, cast

import bson
from bson.codec_options import CodecOptions, TypeCodec, TypeDecoder, TypeRegistry
from bson.decimal128 import Decimal128, create_decimal128_context
from bson.errors import InvalidDocument
from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument

from fhir_server.store.marks import stored_content, together
from fhir_server.store.trouble import TRANSLATING, too_long
from resources.fhir_json import LiteralDecimal, Resource

Document = dict[str, Any]

_LARGEST: Final = 15 * 1024 * 1024
"""MongoDB ends at 16 MB; the history's copy has a longer `_id`, and commands some wrapping."""


_decode: Final[Any] = bson.decode  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # its annotation names a bare `array`


class _Respelt(Exception):
    """A Decimal128 would not give this decimal back as it was written."""


def _rounding() -> Context:
    context = create_decimal128_context()
    context.clear_traps()
    return context


_ROUNDING: Final = _rounding()


def _exact(value: Decimal) -> Decimal128:
    """Raises `_Respelt` where the way back would change a character.

    The usual decimal is put together here, ten times faster than by the driver: in the binary
    integer encoding, sign, exponent (biased by 6176) and coefficient lie beside each other.
    """
    text = str(value)
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = whole + fraction
    if len(digits) > 34 or not digits.isdecimal():
        return _exact_by_driver(value)
    bits = int(digits) | (6176 - len(fraction)) << 113 | (text[0] == "-") << 127
    return Decimal128.from_bid(bits.to_bytes(16, "little"))


def _exact_by_driver(value: Decimal) -> Decimal128:
    converted = Decimal128(_ROUNDING.create_decimal(value))
    if str(converted.to_decimal()) != str(value):
        raise _Respelt
    return converted


class _DecimalCodec(TypeCodec):
    @property
    def python_type(self) -> Any:
        return Decimal

    @property
    def bson_type(self) -> Any:
        return Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return _exact(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


class _Integers(TypeDecoder):
    """A plain `int`, not the driver's own class for those of 64 bits."""

    @property
    def bson_type(self) -> Any:
        return Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


def _fallback(value: Any) -> Any:
    if isinstance(value, LiteralDecimal):
        raise _Respelt
    return value


_OPTIONS: Final[CodecOptions[Document]] = CodecOptions(
    document_class=dict,
    tz_aware=True,
    type_registry=TypeRegistry([_DecimalCodec(), _Integers()], fallback_encoder=_fallback),
)


def encode(document: Document) -> RawBSONDocument:
    """The stored form of a document with a `resource`; refused above MongoDB's size."""
    with TRANSLATING:
        try:
            data = bson.encode(document, codec_options=_OPTIONS)
        except (_Respelt, InvalidDocument):  # the driver wraps what a codec raises
            data = bson.encode(_with_literals(document), codec_options=_OPTIONS)
    if len(data) > _LARGEST:
        raise too_long()
    return RawBSONDocument(data)


def decode(data: bytes) -> Document:
    """A stored document with its decimals as `Decimal`; `literals` are not yet put back."""
    return cast(Document, _decode(data, codec_options=_OPTIONS))


def restore(document: Mapping[str, Any]) -> Resource:
    """The resource of a decoded document, to the last digit."""
    resource = cast(Resource, document["resource"])
    for pointer, literal in cast(dict[str, str], document.get("literals") or {}).items():
        _put(resource, pointer, _exactly(literal))
    return resource


def restore_raw(document: RawBSONDocument) -> Resource:
    """The resource of a document as it came over the wire."""
    return restore(decode(bytes(document.raw)))


def _with_literals(document: Document) -> Document:
    literals: dict[str, str] = {}
    resource = _plain(document["resource"], "", literals)
    return {**document, "resource": resource, "literals": literals}


def _plain(value: Any, pointer: str, literals: dict[str, str]) -> Any:
    """The value with every decimal a Decimal128; those that lose by it are noted."""
    if isinstance(value, dict):
        members = cast(dict[str, Any], value)
        return {
            name: _plain(member, f"{pointer}/{_escaped(name)}", literals)
            for name, member in members.items()
        }
    if isinstance(value, list):
        items = enumerate(cast(list[Any], value))
        return [_plain(item, f"{pointer}/{index}", literals) for index, item in items]
    if not isinstance(value, Decimal):
        return value
    nearest = Decimal128(_ROUNDING.create_decimal(value))
    literal = value.literal.decode() if isinstance(value, LiteralDecimal) else str(value)
    if str(nearest.to_decimal()) != literal:
        literals[pointer] = literal
    return nearest


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def with_marks(resource: Resource, document: Mapping[str, Any]) -> Resource:
    """The restored resource with a mark for each of its large contents, which have their hashes in
    the document."""
    for described in cast(list[dict[str, Any]], document.get("b") or []):
        _put(resource, described["p"], stored_content(described).mark)
    return resource


def _exactly(literal: str) -> Decimal:
    decimal = Decimal(literal)
    return decimal if str(decimal) == literal else LiteralDecimal.of(literal)


def _put(resource: Resource, pointer: str, value: object) -> None:
    *parents, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    place: Any = resource
    for step in parents:
        place = place[_member(place, step)]
    place[_member(place, last)] = value


def _member(place: object, step: str) -> Any:
    return int(step) if isinstance(place, list) else step


def sent(document: Mapping[str, Any]) -> bytes:
    """The bytes to send, with a mark for each large content; nothing in a delete marker."""
    json = document.get("json")
    if json is None:
        return b""
    return together(bytes(json), document["b"]) if "b" in document else bytes(json)

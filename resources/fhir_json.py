"""FHIR JSON in and out without losing a digit (R4 `json.html`, `datatypes.html#decimal`).

A parsed resource is plain `dict`, `list`, `str`, `bool`, `int` and `Decimal`; a decimal whose
spelling `str(Decimal)` would change (`1e-7`, `0.0000001`) is a `LiteralDecimal`, which
remembers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias, cast

import jiter
import msgspec

Json: TypeAlias = "dict[str, Json] | list[Json] | str | bool | int | Decimal | None"
Resource: TypeAlias = dict[str, Any]
"""A parsed FHIR resource or element: plain JSON values."""

OBJECT: Final[Any] = dict
ARRAY: Final[Any] = list
"""For `isinstance` on hot paths: with the classes themselves the type checker narrows to
`dict[Unknown, Unknown]` and wants a cast, which costs a call for each value."""

_RESPELT: Final = re.compile(rb"[0-9][eE]|0\.000000")
"""Bytes without a match hold no number whose spelling `Decimal` changes."""


class LiteralDecimal(Decimal):
    """A decimal that is written back exactly as it was read."""

    literal: bytes

    @classmethod
    def of(cls, literal: str) -> LiteralDecimal:
        value = cls(literal)
        value.literal = literal.encode("ascii")
        return value

    def __deepcopy__(self, _: object) -> LiteralDecimal:
        return self


class MalformedJson(ValueError):
    """Not JSON: broken syntax, a duplicate key, a lone surrogate, nesting too deep."""


def parse(body: bytes) -> Json:
    """The value of a JSON text. Raises `MalformedJson` with line and column."""
    try:
        if _RESPELT.search(body) is None:
            return _from_json(body, "decimal")
        return _with_decimals(_from_json(body, "lossless-float"))
    except ValueError as problem:
        raise MalformedJson(str(problem)) from None
    except InvalidOperation:
        raise MalformedJson("a number's exponent is out of range") from None


def _from_json(body: bytes, float_mode: Literal["decimal", "lossless-float"]) -> Json:
    return cast(
        Json,
        jiter.from_json(
            body, allow_inf_nan=False, float_mode=float_mode, catch_duplicate_keys=True
        ),
    )


def _with_decimals(value: Json) -> Json:
    """The same value, its numbers put right in place: most bodies come this way, because an id
    with a `4e` in it looks like an exponent."""
    whole = [value]
    _put_right(whole, enumerate(whole))
    return whole[0]


def _put_right(container: Any, members: Iterable[tuple[Any, Any]]) -> None:
    for place, member in members:
        if isinstance(member, OBJECT):
            _put_right(member, member.items())
        elif isinstance(member, ARRAY):
            items: list[Any] = member
            _put_right(items, enumerate(items))
        elif isinstance(member, jiter.LosslessFloat):
            container[place] = decimal(str(member))


def decimal(literal: str) -> Decimal:
    """The number that is written so, which remembers its spelling if need be.

    Raises `InvalidOperation` where the exponent is out of range."""
    value = Decimal(literal)
    return value if str(value) == literal else LiteralDecimal.of(literal)


def _encode_literal(value: object) -> msgspec.Raw:
    if isinstance(value, LiteralDecimal):
        return msgspec.Raw(value.literal)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_encode_literal)


def dump(value: object) -> bytes:
    """Compact UTF-8 JSON; every decimal as it was written."""
    return _ENCODER.encode(value)

"""F9: what is stored comes back to the last digit, and what BSON cannot hold is refused."""

from __future__ import annotations

from decimal import Decimal

import bson
import pytest
from bson.decimal128 import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.outcome import Category, FhirError
from fhir_server.store.codec import decode, encode, restore_raw
from resources.fhir_json import dump, parse

LITERALS = [
    "0.0",
    "-0.0",
    "1.00",
    "1.0",
    "170.20",
    "-12.340",
    "1e-7",
    "1E5",
    "0.0000001",
    "0.000000",
    "1e7000",
    "-1e-7000",
    "1234567890123456789012345678901234.0",
    "123456789012345678901234567890123456789.5",
    "0.1234567890123456789012345678901234567890",
    "9.999999999999999999999999999999999",
    "1.000000000000000000000000000000000000000000",
]


def _back(text: bytes) -> bytes:
    stored = encode({"_id": "1", "resource": parse(text)})
    return dump(restore_raw(stored))


@pytest.mark.parametrize("literal", LITERALS)
def test_f9_a_decimal_keeps_its_spelling(literal: str) -> None:
    text = f'{{"a":[{{"b/~c":{literal}}}],"value":{literal}}}'.encode()
    assert _back(text) == text


def _object(members: dict[str, str]) -> str:
    return "{" + ",".join(f"{dump(name).decode()}:{text}" for name, text in members.items()) + "}"


_number = st.from_regex(
    r"-?(0|[1-9][0-9]{0,45})\.[0-9]{1,45}([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
_text = st.text(st.characters(codec="utf-8"), max_size=10)
_leaf = (
    _number
    | st.integers(-(2**63), 2**63 - 1).map(str)
    | st.sampled_from(["true", "false", "null"])
    | _text.map(lambda text: dump(text).decode())
)
_name = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
_value = st.recursive(
    _leaf,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(_name, inner, max_size=4).map(_object)
    ),
    max_leaves=12,
)


@given(st.dictionaries(_name, _value, max_size=5).map(_object))
def test_f9_every_json_object_comes_back_byte_for_byte(text: str) -> None:
    assert _back(text.encode()) == text.encode()


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_f9_the_short_way_to_a_decimal128_is_the_drivers_way(value: Decimal) -> None:
    document = decode(bytes(encode({"_id": 1, "resource": {"value": value}}).raw))
    if "literals" in document:
        assert str(value) == document["literals"]["/value"]
    else:
        assert str(document["resource"]["value"]) == str(value)
        assert Decimal128(str(value)).to_decimal() == value


def test_any_mongodb_user_finds_a_decimal128() -> None:
    encoded = encode({"_id": 1, "resource": parse(b'{"value":1.50,"tiny":1e-9}')})
    stored = bson.decode(encoded.raw)
    assert stored["resource"]["value"] == Decimal128("1.50")
    assert stored["resource"]["tiny"] == Decimal128("1e-9")
    assert stored["literals"] == {"/tiny": "1e-9"}


def _nested(levels: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(levels):
        value = {"extension": [value]}
    return value


@pytest.mark.parametrize(
    ("resource", "category"),
    [
        ({"valueInteger": 2**63}, Category.INVALID),
        ({"nul\0": 1}, Category.INVALID),
        (_nested(1_000), Category.INVALID),
        ({"data": "x" * 17_000_000}, Category.TOO_LONG),
        ({"data": "x" * 15 * 1024 * 1024}, Category.TOO_LONG),
    ],
    ids=["integer", "name", "depth", "size", "no room for the wrapping"],
)
def test_what_cannot_be_stored_is_refused(resource: dict[str, object], category: Category) -> None:
    with pytest.raises(FhirError) as refused:
        encode({"_id": 1, "resource": resource})
    assert refused.value.category is category

"""FHIR JSON keeps every digit and refuses what is not JSON (`json.html`, F: decimals)."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.fhir_json import LiteralDecimal, MalformedJson, dump, parse
from tests.resources.data import DATA, lines, needs_data


def literal(text: bytes) -> Any:
    """A JSON text with every number as it is written and every member in its order."""

    def number(digits: str) -> tuple[str, str]:
        return "number", digits

    return json.loads(
        text,
        parse_float=number,
        parse_int=number,
        object_pairs_hook=lambda pairs: ("object", pairs),
    )


NUMBERS = [
    "0", "-1", "1.00", "0.10", "-0.0", "1e5", "1E5", "1e-7", "1.0E+2", "0.0000001", "0.000000",
    "100000000000000000000000000000", "3.14159265358979323846264338327950288419716939937510",
    "1E400", "123456789012345678.90",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_comes_back_as_it_was_written(number: str) -> None:
    body = f'{{"a":[{number},{{"b":{number}}}],"c":{number}}}'.encode()
    assert dump(parse(body)) == body


DIGITS = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,20})\.[0-9]{1,30}([eE][+-]?[0-9]{1,3})?\Z", fullmatch=True
)


@settings(deadline=None)
@given(st.lists(DIGITS, min_size=1, max_size=4))
def test_any_decimal_comes_back_as_it_was_written(numbers: list[str]) -> None:
    body = f'{{"a":[{",".join(numbers)}]}}'.encode()
    parsed: Any = parse(body)
    assert parsed["a"] == [Decimal(number) for number in numbers]
    assert dump(parsed) == body


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_of_our_own_is_written_as_a_number(value: Decimal) -> None:
    parsed: Any = parse(dump({"a": value}))
    assert parsed["a"] == value


def test_a_respelt_decimal_remembers_and_still_counts() -> None:
    parsed: Any = parse(b'{"a":1e-7}')
    assert isinstance(parsed["a"], LiteralDecimal)
    assert parsed["a"] + 1 == Decimal("1.0000001")


MALFORMED = {
    "nothing": b"",
    "duplicate key": b'{"a":1,"a":2}',
    "duplicate key below": b'{"a":{"b":1e5,"b":2}}',
    "lone surrogate": rb'{"a":"\ud800"}',
    "not UTF-8": b'{"a":"\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "trailing": b"{} {}",
    "trailing comma": b'{"a":1,}',
    "leading zero": b'{"a":01}',
    "no digit": b'{"a":1.}',
    "control character": b'{"a":"\n"}',
    "nested deeply": b"[" * 1000 + b"]" * 1000,
    "an integer without end": b"1" * 5000,
    "an exponent without end": b'{"a":1e999999999999999999999}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse(body)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_parse_or_are_malformed(body: bytes) -> None:
    try:
        value = parse(body)
    except MalformedJson:
        return
    assert parse(dump(value)) == value


@needs_data
@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples"])
def test_published_examples_come_back(folder: str) -> None:
    checked = 0
    for place, line in lines(folder):
        assert literal(dump(parse(line))) == literal(line), place
        checked += 1
    assert checked > 100


@needs_data
def test_synthea_comes_back() -> None:
    for path in sorted((DATA / "synthea").glob("*/*.json.gz"))[::6]:
        body = gzip.decompress(path.read_bytes())
        assert literal(dump(parse(body))) == literal(body), path.name

"""The primitive types of R4 (`datatypes.html#primitive`): one check for each.

A check takes a JSON value and answers what is wrong with it, or None.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from resources.validation import times

PrimitiveCheck: TypeAlias = Callable[[object], "str | None"]

LONGEST_STRING: Final = 1024 * 1024
"""`datatypes.html#string`: strings SHALL NOT exceed 1 MB."""
LARGEST_EXPONENT: Final = 6_144
"""Of a Decimal128, which no quantity of medicine comes near; R4 sets no bound."""
LARGEST_INTEGER: Final = 2**31 - 1

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""`datatypes.html#string`: no code point below 32 but tab, line feed and carriage return."""
_WORD: Final = "[^\\s\x00-\x1f\ud800-\udfff]+"
"""R4's `\\S+`, without what no string may have."""
_SPACE: Final = re.compile(r"\s")


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _integers(name: str, least: int) -> PrimitiveCheck:
    message = f"must be of type {name}: a whole number from {least} to {LARGEST_INTEGER}"

    def check(value: object) -> str | None:
        if type(value) is int and least <= value <= LARGEST_INTEGER:
            return None
        return message

    return check


def _decimal(value: object) -> str | None:
    if isinstance(value, Decimal):
        if not value.is_finite():
            return "must be a finite number"
        if abs(value.adjusted()) > LARGEST_EXPONENT:
            return f"is beyond what is kept: an exponent of at most {LARGEST_EXPONENT}"
        return None
    if type(value) is int:
        return None
    return "must be a number, not in quotes"


def _string(value: object) -> str | None:
    if type(value) is not str:
        return "must be a string"
    if not value:
        return "must not be empty: leave the element out instead"
    if _FORBIDDEN.search(value):
        return "has a control character"
    if len(value) > LONGEST_STRING:
        return f"is longer than {LONGEST_STRING} characters"
    return None


def _patterns(pattern: str, message: str) -> PrimitiveCheck:
    matches = re.compile(pattern).fullmatch

    def check(value: object) -> str | None:
        if type(value) is str and matches(value):
            return None
        return _string(value) or message

    return check


def _base64(value: object) -> str | None:
    if type(value) is not str or not value:
        return "must be base64 in a string that is not empty"
    try:
        a2b_base64(value, strict_mode=True)
    except (Base64Error, ValueError):
        # R4 allows white space between the characters, which strict mode does not.
        return _base64_with_space(value)
    return None


def _base64_with_space(value: str) -> str | None:
    bare = _SPACE.sub("", value)
    if bare and len(bare) != len(value):
        return _base64(bare)
    return "is not base64 (RFC 4648), padded to whole groups of four characters"


CHECKS: Final[Mapping[str, PrimitiveCheck]] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _patterns(_WORD, "must be a canonical URL without white space"),
    "code": _patterns(
        rf"{_WORD}(?:[ \t\r\n]{_WORD})*", "must be a code: no space around it, none doubled within"
    ),
    "date": times.date_problem,
    "dateTime": times.date_time_problem,
    "decimal": _decimal,
    "id": _patterns(r"[A-Za-z0-9\-.]{1,64}", "must be an id: 1 to 64 of A-Z, a-z, 0-9, '-', '.'"),
    "instant": times.instant_problem,
    "integer": _integers("integer", -(2**31)),
    "markdown": _string,
    "oid": _patterns(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+", "must be an OID as urn:oid:1.2.3"),
    "positiveInt": _integers("positiveInt", 1),
    "string": _string,
    "time": times.time_problem,
    "unsignedInt": _integers("unsignedInt", 0),
    "uri": _patterns(_WORD, "must be a URI without white space"),
    "url": _patterns(_WORD, "must be a URL without white space"),
    "uuid": _patterns(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "must be a UUID as urn:uuid:c757873d-ec9a-4326-a141-556f43239520, in lower case",
    ),
}
"""By type name. `xhtml` is in `narrative`."""

_ELEMENT_ID: Final = _patterns(_WORD, "must be an id without white space")


def value_check(name: str, element: str) -> PrimitiveCheck:
    """The check of a primitive type at an element; `element.html#id` has a rule of its own."""
    return _ELEMENT_ID if (name, element) == ("string", "id") else CHECKS[name]


def _blank(value: object) -> str | None:
    """`datatypes.html#string`: strings SHOULD always contain non-whitespace content."""
    if isinstance(value, str) and value.isspace():
        return "should have something but white space in it"
    return None


_OID: Final = CHECKS["oid"]
_UUID: Final = CHECKS["uuid"]


def _urn(value: object) -> str | None:
    """`datatypes.html#uri`: the URNs that R4 has types for look like those types."""
    if not isinstance(value, str) or not value.startswith("urn:"):
        return None
    of_type = _UUID if value.startswith("urn:uuid:") else _OID
    if value.startswith(("urn:uuid:", "urn:oid:")) and of_type(value):
        return f"{value[:60]!r} begins like a UUID or OID and should be one, in lower case"
    return None


_IN_XHTML: Final = re.compile(r"\s*<div\s[^>]*\bxmlns\s*=").match


def _unspaced(value: object) -> str | None:
    """`narrative.html`: the div is in the namespace of XHTML. Without it, it is still taken."""
    if not isinstance(value, str) or _IN_XHTML(value):
        return None
    return 'should begin with <div xmlns="http://www.w3.org/1999/xhtml">'


ADVISED: Final[Mapping[str, PrimitiveCheck]] = {
    "markdown": _blank,
    "string": _blank,
    "uri": _urn,
    "xhtml": _unspaced,
}
"""What is worth a warning."""

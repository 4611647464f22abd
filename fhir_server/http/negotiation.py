"""Media types and what steers them (R4 `http.html#mime-type`, `http.html#parameters`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final

from fhir_server.http.media_types import Term, term, terms
from fhir_server.outcome import Category, FhirError, error

FHIR_JSON: Final = "application/fhir+json"
FHIR_XML: Final = "application/fhir+xml"
JSON_PATCH: Final = "application/json-patch+json"
FHIR_VERSIONS: Final = frozenset(("4.0", "4.0.1"))
"""What the parameter `fhirVersion` may say (R4 `http.html#version-parameter`)."""


class Format(Enum):
    """How a resource is written."""

    JSON = FHIR_JSON
    XML = FHIR_XML

    @property
    def content_type(self) -> str:
        """What an answer says that it is: UTF-8, always (R4 3.1.0.1.10)."""
        return f"{self.value}; charset=utf-8"


_FORMATS: Final = {
    FHIR_JSON: Format.JSON,
    "application/json": Format.JSON,
    "application/json+fhir": Format.JSON,
    "text/json": Format.JSON,
    "json": Format.JSON,
    FHIR_XML: Format.XML,
    "application/xml": Format.XML,
    "application/xml+fhir": Format.XML,
    "text/xml": Format.XML,
    "xml": Format.XML,
}
_PARTLY_WILD: Final = frozenset({"application/*", "text/*"})
_WILD: Final = "*/*"
_UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_OF_FHIR: Final = frozenset((FHIR_JSON, "application/json+fhir", FHIR_XML, "application/xml+fhir"))
"""Those that are nothing but FHIR."""
_BROWSER: Final = "text/html"
_FORM: Final = "application/x-www-form-urlencoded"
_STEERING: Final = frozenset({"_format", "_pretty"})
_OFFERED: Final = f"{FHIR_JSON} and {FHIR_XML}"


def split_steering(
    parameters: tuple[tuple[str, str], ...],
) -> tuple[tuple[tuple[str, str], ...], str | None, bool]:
    """The parameters without `_format` and `_pretty`, then the value of each."""
    if not any(name in _STEERING for name, _ in parameters):
        return parameters, None, False
    asked = dict(parameters)
    for name in _STEERING:
        if sum(pair[0] == name for pair in parameters) > 1:
            raise error(Category.INVALID, f"{name} is given twice.")
    pretty = asked.get("_pretty", "false")
    if pretty not in ("true", "false"):
        raise error(Category.INVALID, f"_pretty is true or false, not {pretty[:40]!r}.")
    rest = tuple(pair for pair in parameters if pair[0] not in _STEERING)
    return rest, asked.get("_format"), pretty == "true"


def answer_format(accept: str | None, asked_format: str | None) -> Format:
    """How the answer is to be written; 406 where the caller takes neither form.

    `_format` overrides the header (R4 3.1.0.1.11). Of several that are equally welcome it is the
    first, and JSON where everything is; a browser, which takes HTML first, is shown JSON.
    """
    if asked_format is not None:
        return _named(asked_format)
    if accept is None or accept in (_WILD, FHIR_JSON):
        return Format.JSON
    return _accepted(accept)


@lru_cache(maxsize=64)
def _accepted(accept: str) -> Format:
    ranges = [each for each in terms(accept) if _can_be_met(each)]
    if _is_a_browsers(ranges):
        return Format.JSON
    welcome = {each: _welcome(each, ranges) for each in Format}
    best = max(Format, key=lambda each: welcome[each])
    if welcome[best][0] > 0:
        return best
    text = f"Answers are {_OFFERED} in UTF-8; the Accept header allows neither."
    raise error(Category.NOT_ACCEPTABLE, text)


def _welcome(form: Format, ranges: Sequence[Term]) -> tuple[float, int]:
    """Its weight, then how early it is named: by the most precise range that it falls into (RFC
    9110 section 12.5.1)."""
    precisions: tuple[Callable[[str], bool], ...] = (
        lambda name: _FORMATS.get(name) is form,
        _PARTLY_WILD.__contains__,
        _WILD.__eq__,
    )
    for falls_into in precisions:
        found = [(each.weight, -at) for at, each in enumerate(ranges) if falls_into(each.name)]
        if found:
            return max(found)
    return 0.0, 0


def _is_a_browsers(ranges: Sequence[Term]) -> bool:
    """Whether HTML is wanted most, and anything else will do."""
    html = max((each.weight for each in ranges if each.name == _BROWSER), default=0.0)
    named = max((each.weight for each in ranges if each.name in _FORMATS), default=0.0)
    wild = any(each.weight > 0 for each in ranges if each.name in (_WILD, *_PARTLY_WILD))
    return wild and html > named


def _can_be_met(each: Term) -> bool:
    """Whether it is of this version of FHIR (R4 `http.html#version-parameter`) and in UTF-8."""
    version = each.parameters.get("fhirversion")
    if version is not None and version not in FHIR_VERSIONS:
        return False
    return each.parameters.get("charset", "utf-8") in _UTF_8


def prefers_native(accept: str | None, asked_format: str | None) -> bool:
    """Whether a Binary is to be sent as its content. R4 `binary.html#rest`: it is, unless FHIR is
    asked for by its own media type. `application/json` is no such, as the content may be some."""
    if asked_format is not None:
        return False
    if accept is None or accept == _WILD:
        return True
    ranges = [each for each in terms(accept) if each.weight > 0 and _can_be_met(each)]
    ranges.sort(key=lambda each: (-each.weight, "*" in each.name))
    return not ranges or ranges[0].name not in _OF_FHIR


def is_native(content_type: str | None) -> bool:
    """Whether a body for Binary is declared to be a content, and not the resource."""
    return content_type is not None and term(content_type).name not in _OF_FHIR


def _named(asked_format: str) -> Format:
    # A plus sign in a URL that was not escaped arrives as a blank.
    asked = term(asked_format)
    found = _FORMATS.get(asked.name.replace(" ", "+"))
    if found is None:
        text = f"_format={asked_format[:60]} is not offered; json and xml are."
        raise error(Category.NOT_ACCEPTABLE, text)
    if not _can_be_met(asked):
        text = f"_format={asked_format[:60]} is not offered: this is FHIR 4.0 (R4) in UTF-8."
        raise error(Category.NOT_ACCEPTABLE, text)
    return found


def body_format(content_type: str | None) -> Format:
    """How the body is written; 415 where it is declared to be neither JSON nor XML in UTF-8."""
    if content_type == FHIR_JSON:
        return Format.JSON
    if content_type is None:
        text = f"Say what the body is: Content-Type: {FHIR_JSON} or {FHIR_XML}."
        raise error(Category.MEDIA_TYPE, text)
    found = _FORMATS.get(term(content_type).name)
    if found is None:
        raise _not_taken(f"Bodies are taken as {_OFFERED}, not as {content_type[:60]}.")
    _check_version(content_type)
    _check_charset(content_type)
    return found


def is_json_patch(content_type: str | None) -> bool:
    """Whether the body is declared to be a JSON Patch (RFC 6902 section 6), which is UTF-8."""
    if content_type is None or term(content_type).name != JSON_PATCH:
        return False
    _check_charset(content_type)
    return True


def check_form_body(content_type: str | None) -> None:
    """415 where a search by POST is no form (R4 3.1.1.2)."""
    if content_type is None or not is_form(content_type):
        raise _not_taken(f"A search by POST takes a body of type {_FORM}.")
    _check_charset(content_type)


def _check_version(content_type: str) -> None:
    version = term(content_type).parameters.get("fhirversion")
    if version is not None and version not in FHIR_VERSIONS:
        raise _not_taken(f"This is FHIR 4.0 (R4), not {version[:20]}.")


def is_form(content_type: str | None) -> bool:
    """Whether the body is declared to be a form."""
    return content_type is not None and term(content_type).name == _FORM


def _check_charset(content_type: str) -> None:
    charset = term(content_type).parameters.get("charset", "utf-8")
    if charset not in _UTF_8:
        raise _not_taken(f"FHIR is UTF-8; the charset {charset[:40]} is not taken.")


def _not_taken(text: str) -> FhirError:
    return error(Category.MEDIA_TYPE, text)

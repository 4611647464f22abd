"""Media types and what steers them (R4 `http.html#mime-type`, `http.html#parameters`)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

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
_WILD: Final = frozenset({"*/*", "application/*"})
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
    rest = tuple(pair for pair in parameters if pair[0] not in _STEERING)
    return rest, asked.get("_format"), asked.get("_pretty", "false") == "true"


def answer_format(accept: str | None, asked_format: str | None) -> Format:
    """How the answer is to be written; 406 where the caller takes neither form.

    `_format` overrides the header (R4 3.1.0.1.11). Of several that are equally welcome it is the
    first, and JSON where everything is; a browser, which takes HTML first, is shown JSON.
    """
    if asked_format is not None:
        return _named(asked_format)
    if accept is None or accept in ("*/*", FHIR_JSON):
        return Format.JSON
    ranked = [each for each in _ranges(accept) if each[1] > 0]
    welcome = {media_type for media_type, _ in ranked}
    if _BROWSER in welcome and not welcome.isdisjoint(_WILD):
        return Format.JSON
    for media_type, _ in sorted(ranked, key=lambda each: -each[1]):
        if media_type in _WILD:
            return Format.JSON
        if found := _FORMATS.get(media_type):
            return found
    text = f"Answers are {_OFFERED}; the Accept header allows neither."
    raise error(Category.NOT_ACCEPTABLE, text)


def _named(asked_format: str) -> Format:
    # A plus sign in a URL that was not escaped arrives as a blank.
    found = _FORMATS.get(_essence(asked_format).replace(" ", "+"))
    if found is None:
        text = f"_format={asked_format[:60]} is not offered; json and xml are."
        raise error(Category.NOT_ACCEPTABLE, text)
    _check_version(asked_format, Category.NOT_ACCEPTABLE)
    return found


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media types with their quality, without those of other versions of FHIR."""
    for part in accept.split(","):
        version = _parameter(part, "fhirversion")
        if version is None or version in FHIR_VERSIONS:
            yield _essence(part), _quality(part)


def body_format(content_type: str | None) -> Format:
    """How the body is written; 415 where it is declared to be neither JSON nor XML in UTF-8."""
    if content_type == FHIR_JSON:
        return Format.JSON
    if content_type is None:
        text = f"Say what the body is: Content-Type: {FHIR_JSON} or {FHIR_XML}."
        raise error(Category.MEDIA_TYPE, text)
    found = _FORMATS.get(_essence(content_type))
    if found is None:
        raise _not_taken(f"Bodies are taken as {_OFFERED}, not as {content_type[:60]}.")
    _check_version(content_type, Category.MEDIA_TYPE)
    _check_charset(content_type)
    return found


def is_json_patch(content_type: str | None) -> bool:
    """Whether the body is declared to be a JSON Patch (RFC 6902 section 6)."""
    return content_type is not None and _essence(content_type) == JSON_PATCH


def check_form_body(content_type: str | None) -> None:
    """415 where a search by POST is no form (R4 3.1.1.2)."""
    if content_type is None or not is_form(content_type):
        raise _not_taken(f"A search by POST takes a body of type {_FORM}.")
    _check_charset(content_type)


def _check_version(media_type: str, category: Category) -> None:
    version = _parameter(media_type, "fhirversion")
    if version is not None and version not in FHIR_VERSIONS:
        raise error(category, f"This is FHIR 4.0 (R4), not {version[:20]}.")


def is_form(content_type: str | None) -> bool:
    """Whether the body is declared to be a form."""
    return content_type is not None and _essence(content_type) == _FORM


def _check_charset(content_type: str) -> None:
    charset = _parameter(content_type, "charset")
    if charset is not None and charset not in ("utf-8", "utf8", "us-ascii"):
        raise _not_taken(f"FHIR is UTF-8; the charset {charset[:40]} is not taken.")


def _not_taken(text: str) -> FhirError:
    return error(Category.MEDIA_TYPE, text)


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _parameter(media_type: str, wanted: str) -> str | None:
    """The value of a parameter, in lower case."""
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == wanted:
            return value.strip().strip('"').lower()
    return None


def _quality(part: str) -> float:
    try:
        return float(_parameter(part, "q") or 1)
    except ValueError:
        return 0.0

"""Media types and what steers them (R4 `http.html#mime-type`, `http.html#parameters`)."""

from __future__ import annotations

from typing import Final

from fhir_server.outcome import Category, error

FHIR_JSON: Final = "application/fhir+json"
CONTENT_TYPE: Final = f"{FHIR_JSON}; charset=utf-8"
_JSON: Final = frozenset(
    {FHIR_JSON, "application/json", "application/json+fhir", "text/json", "json"}
)
_WILD: Final = frozenset({"*/*", "application/*"})
_FORM: Final = "application/x-www-form-urlencoded"
_STEERING: Final = frozenset({"_format", "_pretty"})


def split_steering(
    parameters: tuple[tuple[str, str], ...],
) -> tuple[tuple[tuple[str, str], ...], str | None, bool]:
    """The parameters without `_format` and `_pretty`, then the value of each."""
    if not any(name in _STEERING for name, _ in parameters):
        return parameters, None, False
    asked = dict(parameters)
    rest = tuple(pair for pair in parameters if pair[0] not in _STEERING)
    return rest, asked.get("_format"), asked.get("_pretty", "false") == "true"


def check_acceptable(accept: str | None, asked_format: str | None) -> None:
    """406 where the caller takes no JSON. `_format` overrides the header (R4 3.1.0.1.11)."""
    if asked_format is not None:
        # A plus sign in a URL that was not escaped arrives as a blank.
        if _essence(asked_format).replace(" ", "+") not in _JSON:
            raise error(
                Category.NOT_ACCEPTABLE,
                f"_format={asked_format[:60]} is not offered; json is.",
            )
        return
    if accept is None or accept == "*/*" or FHIR_JSON in accept:
        return
    for part in accept.split(","):
        if _quality(part) > 0 and _essence(part) in _JSON | _WILD:
            return
    raise error(
        Category.NOT_ACCEPTABLE, f"Answers are {FHIR_JSON}; the Accept header allows none of it."
    )


def check_json_body(content_type: str | None) -> None:
    """415 where the body is declared to be something else than JSON in UTF-8."""
    if content_type == FHIR_JSON:
        return
    if content_type is None:
        raise error(Category.MEDIA_TYPE, f"Say what the body is: Content-Type: {FHIR_JSON}.")
    if _essence(content_type) not in _JSON:
        raise error(
            Category.MEDIA_TYPE,
            f"Bodies are taken as {FHIR_JSON}, not as {content_type[:60]}.",
        )
    _check_charset(content_type)


def check_form_body(content_type: str | None) -> None:
    """415 where a search by POST is no form (R4 3.1.1.2)."""
    if content_type is None or _essence(content_type) != _FORM:
        raise error(Category.MEDIA_TYPE, f"A search by POST takes a body of type {_FORM}.")
    _check_charset(content_type)


def _check_charset(content_type: str) -> None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
            if charset not in ("utf-8", "utf8", "us-ascii"):
                raise error(
                    Category.MEDIA_TYPE, f"FHIR is UTF-8; the charset {charset[:40]} is not taken."
                )


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _quality(part: str) -> float:
    for parameter in part.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0

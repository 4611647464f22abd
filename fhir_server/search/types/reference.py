"""References (R4 3.1.1.4.12): by id, by type and id, by URL, with or without a version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import Expression, Key, Nothing, disjunction
from fhir_server.search.types import token
from resources.extraction import Extracted
from resources.fhir_json import OBJECT
from resources.references import ReferenceKind, parse_reference

IDENTIFIER: Final = "identifier"
"""The modifier of logical references (R4 `references.html#logical`)."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def index(parameter: str, values: Iterable[Extracted], found: set[str], base_url: str) -> None:
    """Adds the keys of the values."""
    start = f"{parameter}\x1f{keys.REFERENCE}\x1f"
    for each in values:
        value: Any = each.value
        if isinstance(value, str):
            found.update(start + keys.escape(form) for form in _canonical(value))
        elif "resourceType" in value:
            if "id" in value:
                found.add(f"{start}{value['resourceType']}/{value['id']}")
        else:
            if isinstance(text := value.get("reference"), str):
                found.update(start + keys.escape(form) for form in _literal(text, base_url))
            if isinstance(identifier := value.get("identifier"), OBJECT):
                named = Extracted("Identifier", identifier)
                token.index(f"{parameter}:{IDENTIFIER}", (named,), found, {})


def _canonical(text: str) -> tuple[str, str]:
    """A canonical URL is found with and without its version (`references.html#canonical`); one
    without a version has a key that says so, by which chains know it."""
    whole = text.partition("#")[0]
    bare, _, version = whole.partition("|")
    return bare, f"{bare}|{version}"


def _literal(text: str, base_url: str) -> tuple[str, ...]:
    """A reference to a version is one to the resource too; a contained target is not found."""
    parsed = parse_reference(text)
    if parsed.kind is ReferenceKind.CONTAINED:
        return ()
    if parsed.kind is not ReferenceKind.RESOURCE:
        return (text,)
    target = f"{parsed.type_name}/{parsed.logical_id}"
    if not parsed.is_local(base_url):
        target = f"{parsed.base}/{target}"
    if parsed.version_id is None:
        return (target,)
    return (target, f"{target}/_history/{parsed.version_id}")


def match(
    parameter: str, type_name: str | None, value: str, targets: Iterable[str], base_url: str
) -> Expression:
    """The condition that one value states; `type_name` is the modifier `:Type`."""
    start = keys.key(parameter, keys.REFERENCE, "")
    if _ID.fullmatch(value):
        types = (type_name,) if type_name else targets
        return disjunction(*(Key(f"{start}{each}/{value}") for each in types))
    parsed = parse_reference(value)
    if type_name is not None and parsed.type_name != type_name:
        return Nothing()
    if parsed.kind is ReferenceKind.RESOURCE:
        return disjunction(*(Key(start + form) for form in _forms(value, base_url)))
    if ":" not in value:
        text = f"{parameter}={value}: not an id, a Type/id or a URL."
        raise error(Category.INVALID, text)
    return Key(start + keys.escape(value))


def _forms(value: str, base_url: str) -> tuple[str, ...]:
    """How the target may be written in keys; a version asked for has to be the one referred to."""
    local = _literal(value, base_url)[-1]
    return (local,) if local == value else (local, keys.escape(value))

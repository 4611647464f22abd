"""The patch that an entry of a bundle carries (R4 `http.html#patch`)."""

from __future__ import annotations

from base64 import b64decode
from functools import partial

from fhir_server.interactions.bundle.entries import Entry
from fhir_server.interactions.call import Patch
from fhir_server.interactions.checked import checked
from fhir_server.interactions.patch import fhirpath_patch
from fhir_server.outcome import Category, error
from fhir_server.store.marks import LARGE, content_at
from resources import fhir_json
from resources.fhir_json import Resource
from resources.patching import apply_json_patch

_JSON_PATCH = "application/json-patch+json"


def patch_of(entry: Entry) -> Patch | None:
    """A FHIRPath Patch as Parameters, or a JSON Patch in a Binary."""
    if entry.method != "PATCH":
        return None
    found = entry.resource or {}
    if found.get("resourceType") == "Parameters":
        return fhirpath_patch(found)
    if found.get("resourceType") == "Binary" and found.get("contentType") == _JSON_PATCH:
        return _json_patch(found)
    text = f"A PATCH needs a Parameters (FHIRPath Patch), or a Binary of type {_JSON_PATCH}."
    raise error(Category.INVALID, text)


def _json_patch(binary: Resource) -> Patch:
    checked(binary, "Binary")
    if content_at(binary.get("data")) is not None:
        text = f"A JSON Patch in a bundle has less than {LARGE} characters of base64."
        raise error(Category.TOO_LONG, text, "Binary.data")
    try:
        operations = fhir_json.parse(b64decode(binary.get("data") or ""))
    except ValueError as problem:
        text = f"The data of the Binary is no JSON Patch: {problem}."
        raise error(Category.STRUCTURE, text, "Binary.data") from None
    return partial(apply_json_patch, operations=operations)

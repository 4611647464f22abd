"""What nothing can be searched by, kept apart from what is asked for wrongly (R4 3.1.1.3)."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.catalogue import Catalogue
from resources.registry import REGISTRY

_ELSEWHERE: Final = {
    "_containedType": "contained resources are never matches themselves",
    "_elements": "it is no criterion",
    "_summary": "it is no criterion",
    "_type": "it goes with a search of all types",
}
"""Parameters of R4 that mean nothing where they are asked for."""


class UnknownParameter(Exception):
    """Nothing of this name can be searched by; strict handling raises `trouble`."""

    def __init__(self, trouble: FhirError) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


def unknown_parameter(catalogue: Catalogue, type_name: str, name: str) -> UnknownParameter:
    """Says which parameter of the type is meant, perhaps."""
    base = name.partition(":")[0]
    known = REGISTRY.parameters(type_name).get(base)
    if base in _ELSEWHERE:
        text = f"{base} is not supported here: {_ELSEWHERE[base]}."
        return UnknownParameter(error(Category.NOT_SUPPORTED, text))
    if known is not None:
        text = f"{base} (a search parameter of type {known.type}) is not supported on {type_name}."
        return UnknownParameter(error(Category.NOT_SUPPORTED, text))
    if base in catalogue.indexed(type_name):
        text = f"{base} is being indexed on {type_name}; it can be searched by when that is done."
        return UnknownParameter(error(Category.NOT_SUPPORTED, text))
    near = get_close_matches(base, catalogue.fields(type_name), n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    text = f"{type_name} has no search parameter {base}.{hint}"
    return UnknownParameter(error(Category.INVALID, text))

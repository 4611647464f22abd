"""What to say of a search that would cost too much: which parameters of the type narrow it."""

from __future__ import annotations

from typing import Final

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.main_dates import MAIN_DATE
from resources.registry import REGISTRY

_NARROW: Final = ("patient", "subject", "identifier", "code", "encounter", "name", "url")
"""Parameters of which a value is of few resources, or whose resources are listed by date."""
_SHOWN: Final = 3


def narrowing(type_name: str) -> str:
    """Parameters to add: `patient, code or date`."""
    known = REGISTRY.parameters(type_name)
    found = [name for name in _NARROW if name in known]
    if "patient" in found and "subject" in found:
        found.remove("subject")
    named = [*found[:_SHOWN], MAIN_DATE.get(type_name, "_lastUpdated")]
    return f"{', '.join(named[:-1])} or {named[-1]}" if len(named) > 1 else named[0]


def too_many(type_name: str, most: int, *, sorts: bool = False) -> FhirError:
    """More than so many resources would have to be looked at one by one, or sorted."""
    text = (
        f"This search of {type_name} would have to look at more than {most} resources one by one; "
        f"narrow it, for example by {narrowing(type_name)}"
    )
    return error(Category.TOO_COSTLY, f"{text}, or drop the _sort." if sorts else f"{text}.")

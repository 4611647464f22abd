"""Which FHIR types a search parameter of each type can look at (R4 `search.html` 3.1.1.4).

R4's own expressions end at such types only. An additional one may end at `extension.value`, which
can be anything: what does not suit is passed over.
"""

from __future__ import annotations

from typing import Final

_QUANTITIES: Final = frozenset(
    ("Quantity", "SimpleQuantity", "MoneyQuantity", "Age", "Count", "Distance", "Duration")
)
SUITED: Final = {
    "token": frozenset(
        ("CodeableConcept", "Coding", "Identifier", "ContactPoint", "code", "boolean", "string")
    )
    | {"id", "uri", "oid", "uuid"},
    "reference": frozenset(("Reference", "canonical", "uri")),
    "date": frozenset(("date", "dateTime", "instant", "Period", "Timing")),
    "string": frozenset(("string", "markdown", "code", "id", "HumanName", "Address")),
    "number": frozenset(("integer", "decimal", "positiveInt", "unsignedInt")),
    "quantity": _QUANTITIES | {"Money", "Range", "SampledData"},
    "uri": frozenset(("uri", "url", "canonical", "oid", "uuid")),
}
"""By type of parameter; composites are judged by their components."""

"""The FHIRPath of invariants (R4 `conformance-rules.html#constraints`), compiled to functions."""

from resources.validation.fhirpath.evaluation import Condition, compiled, evaluate
from resources.validation.fhirpath.functions import Undecided
from resources.validation.fhirpath.grammar import UnknownExpression
from resources.validation.fhirpath.items import Item, item_of, json_names, resource_item

__all__ = [
    "Condition",
    "Item",
    "Undecided",
    "UnknownExpression",
    "compiled",
    "evaluate",
    "item_of",
    "json_names",
    "resource_item",
]

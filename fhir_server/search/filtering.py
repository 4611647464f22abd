"""`_filter` (R4 `search_filter.html`): its tree as the expression of ordinary parameters.

A path leads over references as a chain does; `subject[gender eq male].name sw "pet"` asks both of
one and the same target. From a composite it leads to its components, of one and the same element:
`component-code-value-quantity[component-code eq 8480-6].component-value-quantity gt 140`.
"""

from __future__ import annotations

from fhir_server.outcome import Category, FhirError, error
from fhir_server.search import lists
from fhir_server.search.catalogue import Catalogue
from fhir_server.search.comparing import compare
from fhir_server.search.expression import (
    Everything,
    Expression,
    Not,
    Nothing,
    Together,
    conjunction,
    disjunction,
)
from fhir_server.search.fields import Field
from fhir_server.search.filter_grammar import (
    All,
    Comparison,
    Filter,
    No,
    Some,
    Step,
    parse_filter,
)
from fhir_server.search.joins import MAX_STEPS, Link
from fhir_server.search.once import Once
from fhir_server.search.unknown import UnknownParameter, unknown_parameter

NAME = "_filter"


def read_filter(catalogue: Catalogue, type_name: str, text: str) -> Expression:
    """The condition that a filter states. What it names wrongly is an error under any handling:
    a filter is one value, and no part of it can be left out."""
    try:
        return _Reading(catalogue).of(type_name, parse_filter(text), 0)
    except UnknownParameter as unknown:
        raise unknown.trouble from None


class _Reading:
    """A filter while it is read; what several ways lead to is read once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._once = Once[tuple[str, int, int]]()

    def of(self, type_name: str, tree: Filter, steps: int) -> Expression:
        """What the tree asks of a type that so many references lead to."""
        match tree:
            case All(parts):
                return conjunction(*(self.of(type_name, part, steps) for part in parts))
            case Some(parts):
                return disjunction(*(self.of(type_name, part, steps) for part in parts))
            case No(part):
                return _not(self.of(type_name, part, steps))
            case Comparison():
                return self.once(type_name, tree, 0, steps)

    def once(self, type_name: str, asked: Comparison, at: int, steps: int) -> Expression:
        place = (type_name, id(asked), at)
        return self._once.read(place, lambda: self.path(type_name, asked, at, steps))

    def path(self, type_name: str, asked: Comparison, at: int, steps: int) -> Expression:
        step = asked.path[at]
        if step.name == lists.NAME:
            return self.listed(type_name, asked, at)
        field = self.catalogue.fields(type_name).get(step.name)
        if field is None:
            raise unknown_parameter(self.catalogue, type_name, step.name)
        if at + 1 == len(asked.path):
            return compare(field, asked.operator, asked.value, self.catalogue.base_url)
        if field.components and step.target is None:
            return self.element(field, step, asked, at)
        if steps == MAX_STEPS:
            text = f"_filter: {step.name}: it follows more than {MAX_STEPS} references."
            raise error(Category.TOO_COSTLY, text)
        rest = ".".join(each.name for each in asked.path[at + 1 :])

        def inner(target: str) -> Expression:
            within = self.of(target, step.within, steps + 1) if step.within else Everything()
            return conjunction(within, self.once(target, asked, at + 1, steps + 1))

        return Link(f"{NAME}: {step.name}.{rest}", field, rest).followed(step.target or "", inner)

    def listed(self, type_name: str, asked: Comparison, at: int) -> Expression:
        """`_list eq [id]`, which is about no element."""
        if asked.operator != "eq" or at + 1 < len(asked.path):
            raise _invalid(f"_filter: {lists.NAME} is compared by eq, with the id of a List.")
        return lists.in_lists(self.catalogue, type_name, (asked.value,))

    def element(self, field: Field, step: Step, asked: Comparison, at: int) -> Expression:
        """What is asked of the components of one element."""
        parts = [self.component(field, asked, at + 1)]
        if step.within:
            parts.append(self.within(field, step.within))
        return disjunction(*(Together(source, (conjunction(*parts),)) for source in field.sources))

    def within(self, field: Field, tree: Filter) -> Expression:
        match tree:
            case All(parts):
                return conjunction(*(self.within(field, part) for part in parts))
            case Some(parts):
                return disjunction(*(self.within(field, part) for part in parts))
            case No(part):
                return _not(self.within(field, part))
            case Comparison():
                return self.component(field, tree, 0)

    def component(self, field: Field, asked: Comparison, at: int) -> Expression:
        step, known = asked.path[at], {each.whole.name: each for each in field.components}
        if step.name not in known or at + 1 < len(asked.path):
            text = f"_filter: {field.name} has {' and '.join(known)}, and nothing beyond."
            raise _invalid(text)
        component, base_url = known[step.name], self.catalogue.base_url
        compare(component.whole, asked.operator, asked.value, base_url)  # names what is wrong
        if asked.operator == "pr":
            return Everything() if asked.value == "true" else Nothing()
        return compare(component.part, asked.operator, asked.value, base_url)


def _not(part: Expression) -> Expression:
    match part:
        case Nothing():
            return Everything()
        case Everything():
            return Nothing()
        case _:
            return Not(part)


def _invalid(text: str) -> FhirError:
    return error(Category.INVALID, text)

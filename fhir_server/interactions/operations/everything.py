"""`Patient/$everything` and `Encounter/$everything` (R4 `operation-patient-everything.html`,
`operation-encounter-everything.html`): a record, page by page, with what it refers to.

On top of what the caller reaches, nothing is in it that the patient's own app could not be shown:
a resource of another patient never is, even where the compartment has it or a reference names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, cast

from fhir_server.access.context import Interaction
from fhir_server.access.policy import Records, decide
from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.search import answer, position_of
from fhir_server.outcome import Category, error
from fhir_server.search.compartments import within
from fhir_server.search.expression import (
    DateTest,
    Everything,
    Expression,
    LastUpdated,
    Member,
    NoMember,
    Not,
    Prefix,
    Span,
    conjunction,
)
from fhir_server.search.main_dates import MAIN_DATE
from fhir_server.search.mixed import MixedQuery
from fhir_server.search.query import SearchQuery
from fhir_server.search.types import date
from resources import fhir_json
from resources.access_table import UNKNOWN, Kind, members, visibility
from resources.fhir_json import Resource
from resources.registry import REGISTRY

_SOMEBODYS: Final = frozenset((Kind.COMPARTMENT, Kind.OWN, Kind.MIXED))
_NO_CARE: Final = "birthdate"
"""A main date that is no "care date"."""


async def everything(call: Call, given: Input) -> Reply:
    """A searchset. Raises NOT_FOUND for whoever is out of reach.

    Without `_count` a page holds as many as the server ever gives, so that most records come whole
    ("unless the client requests otherwise"). What matches of two pages refer to comes with both.
    `_summary=count` gives the number of matches alone.
    """
    owner = await call.store.read(call.type_name, call.logical_id)
    record = _Record(call, cast(Resource, fhir_json.parse(owner.json)), given)
    page = await call.store.record(record.query, record.support, cursor=position_of(call))
    place = f"{call.type_name}/{call.logical_id}/$everything"
    return answer(call, record.query.whole, page, given.subset, place)


class _Record:
    """What is asked for of each type."""

    def __init__(self, call: Call, owner: Resource, given: Input) -> None:
        self.call, self.given = call, given
        patients = members(owner, call.service.base_url) - {UNKNOWN}
        self.reach = Records(patients, "everything")
        self.theirs: Expression = Member(patients) if patients else NoMember()
        self.asked = self._asked_types()
        matched = self._matched_types()
        self.query = self._query(matched)
        self.support = dict(self._support(matched))

    def _asked_types(self) -> tuple[str, ...]:
        """Those that `_type` names, "one or more comma-delimited", which each need a scope."""
        names = [name for each in self.given.all("_type") for name in each.split(",")]
        for name in names:
            if name not in REGISTRY.endpoints:
                text = f"_type: {name[:60]!r} is no resource type of FHIR R4."
                raise error(Category.INVALID, text)
            self.call.store.require(Interaction.INCLUDE, name)
        return tuple(names)

    def _matched_types(self) -> tuple[str, ...]:
        """Of a patient all types that can be theirs, which are more than the compartment has."""
        of = self.call.type_name
        known = [
            name
            for name in REGISTRY.endpoints
            if visibility(name).kind in _SOMEBODYS
            and (of == "Patient" or name in REGISTRY.compartment(of))
        ]
        found = tuple(name for name in known if not self.asked or name in self.asked)
        if not found:
            text = (
                f"_type={','.join(self.asked)}: these are only found by what refers to them; name "
                f"types of the {of.lower()}'s record too, such as {of},{known[-1]}."
            )
            raise error(Category.INVALID, text)
        return found

    def _query(self, types: tuple[str, ...]) -> MixedQuery:
        count, most = self.given.one("_count"), self.call.service.max_count
        if count is not None and count < 1:
            raise error(Category.INVALID, f"_count={count}: it is a number, 1 or more.")
        place = f"{self.call.type_name}/{self.call.logical_id}"
        whole = SearchQuery(
            "",
            Everything(),
            count=min(count or most, most),
            applied=(*_applied(self.given), *self.given.subset.applied),
            compartment=place,
        )
        if self.given.subset.count_only:
            whole = replace(whole, count=0, total="accurate")
        changed = self._changed()
        parts = [
            SearchQuery(name, conjunction(self._meant(name), changed), count=whole.count)
            for name in types
        ]
        return MixedQuery(whole, tuple(parts), named=bool(self.asked))

    def _meant(self, type_name: str) -> Expression:
        """What of the type is in the record, whenever it was changed."""
        of = self.call.type_name
        inside = Everything() if of == "Patient" else within(of, self.call.logical_id, type_name)
        return conjunction(self.theirs, inside, self._care(type_name))

    def _care(self, type_name: str) -> Expression:
        """`start` and `end` "relate to care dates": the date by which the type is listed. Only
        what is surely of another time is left out: what has no date is in."""
        parameter = MAIN_DATE.get(type_name, _NO_CARE)
        if parameter == _NO_CARE:
            return Everything()
        beyond = [(Prefix.EB, self._day("start")), (Prefix.SA, self._day("end"))]
        return conjunction(
            *(
                Not(DateTest(parameter, prefix, day, main=True))
                for prefix, day in beyond
                if day is not None
            )
        )

    def _day(self, name: str) -> Span | None:
        text = self.given.one(name)
        return date.span(text) if text else None

    def _changed(self) -> Expression:
        """`_since`: what was updated then counts, "such that the client does not miss any"."""
        text = self.given.one("_since")
        moment = date.span(text) if text else None
        return LastUpdated(Prefix.GE, moment) if moment else Everything()

    def _support(self, matched: tuple[str, ...]) -> Iterator[tuple[str, Expression]]:
        """By type, what may come along. What is a match on some page comes there; what is one but
        for `_since` is known to who asks for changes."""
        access = self.call.store.access
        for name in self.asked or REGISTRY.endpoints:
            allowed = decide(self.reach, Interaction.INCLUDE, name).expression
            if name in matched and access.covers(Interaction.SEARCH, name):
                allowed = conjunction(allowed, Not(self._meant(name)))
            yield name, allowed


def _applied(given: Input) -> Iterator[tuple[str, str]]:
    for name, values in given.values.items():
        for value in values:
            yield name, str(value)

"""One try at a transaction, inside a transaction of MongoDB (R4 3.1.0.11.2).

It deletes, creates, updates and patches, then reads. What it decides on is locked or held
(`guards`), so that whatever worker the others come to, all happen as if one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from fhir_server.interactions.bundle.allowance import Allowance
from fhir_server.interactions.bundle.batch import perform_entry
from fhir_server.interactions.bundle.entries import Entry, at_entry, issue_at_entry
from fhir_server.interactions.bundle.guards import held
from fhir_server.interactions.bundle.linking import Linking, Prepared, copied, linking
from fhir_server.interactions.bundle.links import ConditionalReferences, conditional_references
from fhir_server.interactions.bundle.patches import patch_of
from fhir_server.interactions.bundle.proposed import Proposed
from fhir_server.interactions.bundle.selection import Selection, select
from fhir_server.interactions.call import Call
from fhir_server.interactions.conditional import to_delete, update_target
from fhir_server.interactions.doubts import doubts
from fhir_server.interactions.etag import precondition
from fhir_server.interactions.patch import patched
from fhir_server.interactions.reply import Reply, deleted, deleted_all, written
from fhir_server.interactions.row import Row
from fhir_server.outcome import Category, FhirError, error
from fhir_server.search.expression import Expression
from fhir_server.search.query import parse_criteria
from fhir_server.store import Change, DanglingReferences, Removal, StoredVersion
from fhir_server.store.versions import Written
from resources.fhir_json import Resource

T = TypeVar("T")

_AT_ONCE: Final = 500
"""Updates of one round trip: what they replace is in memory beside them."""


class Attempt:
    """What it is given stays as it is for the next one."""

    def __init__(
        self, call: Call, entries: Sequence[Entry], rows: Sequence[Row], prepared: Prepared
    ) -> None:
        self.call, self.store, self.rows = call, call.store, rows
        self.entries, self.prepared = entries, prepared
        self.allowance = Allowance(call.service.max_answer)
        self.replies: dict[int, Reply] = {}
        self.written: set[tuple[str, str]] = set()
        """The identities that are written, each once."""
        self.selection = Selection()
        self.linking = Linking({}, frozenset())
        self.conditional = ConditionalReferences(self.store, self.allowance)

    async def run(self) -> dict[int, Reply]:
        await self._delete_all()
        resources, new_ids = self.prepared.resources, self.prepared.new_ids
        self.selection = await select(self.store, self.entries, resources, new_ids)
        self.linking = await linking(self.store, self.entries, self.prepared, self.selection)
        await self._write_all()
        for entry in self._of("PATCH"):
            await self._patch(entry)
        await self._settle()
        for entry in self._of("GET", "HEAD"):
            self.replies[entry.index] = await self._perform(entry)
        await self.store.hold(held(self.entries, self.selection, self.conditional) - self.written)
        return self.replies

    async def _settle(self) -> None:
        """Whether references lead somewhere is judged of the whole, and told of each entry."""
        try:
            await self.store.settle()
        except DanglingReferences as problem:
            wrote = {
                (version.type_name, version.logical_id): entry
                for entry in self.entries
                if entry.index in self.replies
                and (version := self.replies[entry.index].version) is not None
            }
            raise problem.placed(lambda by, issue: issue_at_entry(issue, wrote[by])) from None

    def _of(self, *methods: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.method in methods]

    async def _perform(self, entry: Entry) -> Reply:
        try:
            return await perform_entry(self.call, entry, self.rows, self.allowance)
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    def _once(self, entry: Entry, logical_id: str) -> None:
        """ "If any resource identities (including resolved identities from conditional update or
        delete) overlap, then the transaction SHALL fail." """
        identity = (entry.type_name, logical_id)
        if identity in self.written:
            text = f"{'/'.join(identity)} is written twice in this transaction."
            raise error(Category.INVALID, text, f"{entry.path}.request.url")
        self.written.add(identity)

    # ---- deletes -----------------------------------------------------------------------------

    async def _delete_all(self) -> None:
        """All criteria are read before anything is deleted: two that select the same overlap."""
        removing = self._of("DELETE")
        removals = [(entry, one) for entry in removing for one in await self._removals(entry)]
        for some in _parts(removals):
            for (entry, one), marker in zip(some, await self._delete(some), strict=True):
                if not entry.is_conditional:
                    what = f"{one.type_name}/{one.logical_id}"
                    self.replies[entry.index] = deleted(self.call, what, marker)
        counts = Counter(entry.index for entry, _ in removals)
        for entry in removing:
            if entry.is_conditional:
                self.replies[entry.index] = deleted_all(self.call, counts[entry.index])

    async def _removals(self, entry: Entry) -> list[Removal]:
        try:
            if entry.is_conditional:
                found = await to_delete(self._as(entry), self.store, entry.query)
                ids = [one.logical_id for one in found]
            else:
                ids = [entry.segments[1]]
            condition = precondition(entry.conditions)
            for logical_id in ids:
                self._once(entry, logical_id)
        except FhirError as problem:
            raise at_entry(problem, entry) from None
        return [Removal(entry.type_name, logical_id, condition) for logical_id in ids]

    async def _delete(self, some: Sequence[tuple[Entry, Removal]]) -> list[StoredVersion | None]:
        try:
            return await self.store.delete_many([removal for _, removal in some])
        except FhirError:  # whose fault it is shows when they are made one by one
            return [await self._delete_one(entry, removal) for entry, removal in some]

    async def _delete_one(self, entry: Entry, removal: Removal) -> StoredVersion | None:
        try:
            return (await self.store.delete_many([removal]))[0]
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    def _as(self, entry: Entry) -> Call:
        """The entry as a call of its own."""
        return replace(
            self.call,
            type_name=entry.type_name,
            patch=patch_of(entry),
            conditions=entry.conditions,
            body=None,
        )

    # ---- creates and updates -----------------------------------------------------------------

    async def _write_all(self) -> None:
        """First what refers to nothing by a search, then what does: "Resolve any conditional
        references" is the last step, so that they find what this transaction makes."""
        writing = [entry for entry in self._of("POST", "PUT") if self._writes(entry)]
        searching = self.prepared.searching
        known = [entry for entry in writing if entry.index not in searching]
        resources = self.prepared.resources
        await self._write(
            known, {one.index: self.linking.linked(resources[one.index]) for one in known}
        )
        last = [entry for entry in writing if entry.index in searching]
        if last:
            await self._write(last, await self._resolved(last))
        for entry in self._of("POST"):
            self._tell_known(entry)

    def _writes(self, entry: Entry) -> bool:
        return entry.method == "PUT" or not self.selection.selects(entry.index)

    def _tell_known(self, entry: Entry) -> None:
        """Of a conditional create what was there already, or is made by another entry."""
        if entry.index in self.selection.found:
            known = self.selection.found[entry.index]
            self.replies[entry.index] = written(self.call, known, created=False)
        elif entry.index in self.selection.twins:
            twin = self.replies[self.selection.twins[entry.index]].version
            if twin is None:
                raise RuntimeError("a create has a version")
            self.replies[entry.index] = written(self.call, twin, created=False)

    async def _resolved(self, some: Sequence[Entry]) -> dict[int, Resource]:
        """Their resources with every search resolved; each sees what the others will be."""
        copies = {entry.index: copied(self.prepared.resources[entry.index]) for entry in some}
        for copy in copies.values():
            self.linking.link(copy)
        proposed = self._proposed(some, copies)
        self.conditional = ConditionalReferences(self.store, self.allowance, proposed)
        for entry in some:
            try:
                await self.conditional.resolve(copies[entry.index])
            except FhirError as problem:
                raise at_entry(problem, entry) from None
        return copies

    def _proposed(self, some: Sequence[Entry], copies: Mapping[int, Resource]) -> Proposed:
        asked = {
            each
            for entry in some
            for each in self._criteria_of_references(entry, copies[entry.index])
        }
        proposed = Proposed(self.store.catalogue, asked)
        for entry in some:
            new = self._creates(entry)
            logical_id = self._id_of(entry)
            proposed.add(entry.index, entry.type_name, logical_id, copies[entry.index], new=new)
        return proposed

    def _criteria_of_references(
        self, entry: Entry, resource: Resource
    ) -> Iterator[tuple[str, Expression]]:
        try:
            for _, parsed in conditional_references(resource):
                type_name, criteria = parsed.type_name or "", parsed.criteria or ""
                yield type_name, parse_criteria(self.store.catalogue, type_name, criteria)
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    def _id_of(self, entry: Entry) -> str:
        """Under which a POST or PUT that writes does so."""
        if entry.index in self.selection.found:
            return self.selection.found[entry.index].logical_id
        if entry.index in self.prepared.new_ids:
            return self.prepared.new_ids[entry.index]
        return (entry.resource or {})["id"]

    def _creates(self, entry: Entry) -> bool:
        """A conditional update creates where nothing is selected and nothing else is said."""
        if entry.method == "POST":
            return True
        return (
            entry.index in self.prepared.new_ids
            and not self.selection.selects(entry.index)
            and entry.conditions.if_match is None
        )

    async def _write(self, some: Sequence[Entry], resources: Mapping[int, Resource]) -> None:
        fresh = [entry for entry in some if self._creates(entry)]
        new_ids = self.prepared.new_ids
        created = await self.store.create_many(
            [(one.type_name, new_ids[one.index], resources[one.index]) for one in fresh]
        )
        for entry, version in zip(fresh, created, strict=True):
            self.replies[entry.index] = written(self.call, version, created=True)
        for part in _parts([entry for entry in some if not self._creates(entry)]):
            await self._update(part, resources)

    async def _update(self, some: Sequence[Entry], resources: Mapping[int, Resource]) -> None:
        changes = [await self._change(one, resources[one.index]) for one in some]
        try:
            results = await self._change_all(changes)
        except FhirError:  # whose fault it is shows when they are made one by one
            results = [
                await self._change_one(entry, change)
                for entry, change in zip(some, changes, strict=True)
            ]
        for entry, result in zip(some, results, strict=True):
            self.replies[entry.index] = await self._told(result)

    async def _change(self, entry: Entry, resource: Resource) -> Change:
        try:
            logical_id = await self._target(entry)
            self._once(entry, logical_id)
            condition = precondition(entry.conditions)
        except FhirError as problem:
            raise at_entry(problem, entry) from None
        renews = f"{entry.type_name}/{logical_id}" in self.linking.renewed
        return Change(entry.type_name, logical_id, resource, condition, renews=renews)

    async def _change_one(self, entry: Entry, change: Change) -> Written:
        try:
            return (await self._change_all([change]))[0]
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    async def _change_all(self, changes: Sequence[Change]) -> list[Written]:
        skip = self.call.service.skip_unchanged
        return await self.store.update_many(changes, skip_unchanged=skip)

    async def _target(self, entry: Entry) -> str:
        if not entry.is_conditional:
            return entry.segments[1]
        found = self.selection.found.get(entry.index)
        given = (entry.resource or {}).get("id")
        return await update_target(self.store, entry.type_name, found, given)

    # ---- patches -----------------------------------------------------------------------------

    async def _patch(self, entry: Entry) -> None:
        async def link(resource: Resource) -> None:
            self.prepared.links.resolve(entry, resource)
            self.linking.link(resource)
            await self.conditional.resolve(resource)

        try:
            logical_id = self._patched(entry)
            self._once(entry, logical_id)
            result = await patched(self._renewing(entry, logical_id), self.store, logical_id, link)
            self.replies[entry.index] = await self._told(result)
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    def _renewing(self, entry: Entry, logical_id: str) -> Call:
        call = self._as(entry)
        if f"{entry.type_name}/{logical_id}" not in self.linking.renewed:
            return call
        return replace(call, service=replace(call.service, skip_unchanged=False))

    def _patched(self, entry: Entry) -> str:
        if not entry.is_conditional:
            return entry.segments[1]
        if entry.index not in self.selection.found:
            raise error(Category.NOT_FOUND, f"The criteria match no {entry.type_name}.")
        return self.selection.found[entry.index].logical_id

    async def _told(self, result: Written) -> Reply:
        found = await doubts(self.call, self.store, result)
        return written(self.call, result.stored, created=result.created, doubts=found)


def _parts(all_of_them: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as are written at once."""
    for start in range(0, len(all_of_them), _AT_ONCE):
        yield all_of_them[start : start + _AT_ONCE]

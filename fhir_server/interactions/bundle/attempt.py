"""One try at a transaction, inside a transaction of MongoDB (R4 3.1.0.11.2).

It deletes, creates, updates and patches, then reads. Criteria are read under lock documents, so
that equal ones exclude each other, whatever worker they come to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fhir_server.interactions.bundle.allowance import Allowance
from fhir_server.interactions.bundle.batch import perform_entry
from fhir_server.interactions.bundle.entries import Entry, at_entry, issue_at_entry
from fhir_server.interactions.bundle.links import ConditionalReferences
from fhir_server.interactions.bundle.patches import patch_of
from fhir_server.interactions.bundle.selection import Selection, select
from fhir_server.interactions.call import Call
from fhir_server.interactions.conditional import criteria_lock, to_delete, update_target
from fhir_server.interactions.doubts import doubts
from fhir_server.interactions.etag import expected_version
from fhir_server.interactions.patch import patched
from fhir_server.interactions.reply import Reply, written
from fhir_server.interactions.row import Row
from fhir_server.outcome import Category, FhirError, error
from fhir_server.store import DanglingReferences
from fhir_server.store.versions import Written
from fhir_server.store.writing import Change
from resources.fhir_json import Resource
from resources.references import rewrite

_AT_ONCE: Final = 500
"""Updates of one round trip: what they replace is in memory beside them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a transaction writes, as far as it can be known before it begins."""

    resources: Mapping[int, Resource]
    """By entry; each checked."""
    has_searches: bool
    """Some reference is a search, to be resolved inside the transaction."""
    new_ids: Mapping[int, str]
    """By entry that may create."""
    identities: Mapping[int, str]
    """By entry: `Type/id`, which what the criteria select takes the place of."""


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

    async def run(self) -> dict[int, Reply]:
        await self._lock()
        for entry in self._of("DELETE"):
            await self._delete(entry)
        resources = self.prepared.resources
        selection = await select(self.store, self.entries, resources, self.prepared.new_ids)
        resources = await self._linked(selection)
        await self._create(resources, selection)
        waiting = [entry for entry in self._of("PUT") if entry.index not in self.replies]
        for start in range(0, len(waiting), _AT_ONCE):
            await self._update(waiting[start : start + _AT_ONCE], resources, selection)
        for entry in self._of("PATCH"):
            await self._patch(entry, selection)
        await self._settle()
        for entry in self._of("GET", "HEAD"):
            self.replies[entry.index] = await self._perform(entry)
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

    async def _lock(self) -> None:
        keys = {
            criteria_lock(entry.type_name, entry.criteria)
            for entry in self.entries
            if entry.criteria is not None
        }
        if keys:
            await self.store.lock(sorted(keys))

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

    async def _delete(self, entry: Entry) -> None:
        if not entry.is_conditional:
            self._once(entry, entry.segments[1])
            self.replies[entry.index] = await self._perform(entry)
            return
        try:
            for one in await to_delete(self._as(entry), self.store, entry.query):
                self._once(entry, one.logical_id)
                await self.store.delete(entry.type_name, one.logical_id)
        except FhirError as problem:
            raise at_entry(problem, entry) from None
        self.replies[entry.index] = Reply(204)

    def _as(self, entry: Entry) -> Call:
        """The entry as a call of its own."""
        return replace(
            self.call,
            type_name=entry.type_name,
            patch=patch_of(entry),
            conditions=entry.conditions,
            body=None,
        )

    # ---- creates -----------------------------------------------------------------------------

    async def _linked(self, selection: Selection) -> Mapping[int, Resource]:
        """The resources to write, with conditional references and what was selected put in."""
        identities = self.prepared.identities
        renamed = {
            identities[index]: f"{found.type_name}/{found.logical_id}"
            for index, found in selection.found.items()
            if index in identities
        }
        renamed |= {identities[index]: identities[twin] for index, twin in selection.twins.items()}
        if not renamed and not self.prepared.has_searches:
            return self.prepared.resources
        conditional = ConditionalReferences(self.store, self.allowance)
        copies: dict[int, Resource] = {}
        for entry in self._of("POST", "PUT"):
            if entry.method == "POST" and selection.selects(entry.index):
                continue
            copy = copies[entry.index] = _copy(self.prepared.resources[entry.index])
            rewrite(copy, renamed.get)
            try:
                await conditional.resolve(copy)
            except FhirError as problem:
                raise at_entry(problem, entry) from None
        return copies

    async def _create(self, resources: Mapping[int, Resource], selection: Selection) -> None:
        fresh = [entry for entry in self.entries if self._creates(entry, selection)]
        created = await self.store.create_many(
            [
                (entry.type_name, self.prepared.new_ids[entry.index], resources[entry.index])
                for entry in fresh
            ]
        )
        for entry, version in zip(fresh, created, strict=True):
            self.replies[entry.index] = written(self.call, version, created=True)
        versions = dict(zip((entry.index for entry in fresh), created, strict=True))
        for entry in self._of("POST"):
            if entry.index in selection.found:
                known = selection.found[entry.index]
            elif entry.index in selection.twins:
                known = versions[selection.twins[entry.index]]
            else:
                continue
            self.replies[entry.index] = written(self.call, known, created=False)

    def _creates(self, entry: Entry, selection: Selection) -> bool:
        """A conditional update creates where nothing is selected and nothing else is said."""
        if entry.method == "POST":
            return not selection.selects(entry.index)
        return (
            entry.method == "PUT"
            and entry.index in self.prepared.new_ids
            and not selection.selects(entry.index)
            and entry.conditions.if_match is None
        )

    # ---- updates -----------------------------------------------------------------------------

    async def _update(
        self, some: Sequence[Entry], resources: Mapping[int, Resource], selection: Selection
    ) -> None:
        changes = [await self._change(one, resources[one.index], selection) for one in some]
        try:
            results = await self._change_all(changes)
        except FhirError:  # whose fault it is shows when they are made one by one
            results = [
                await self._change_one(entry, change)
                for entry, change in zip(some, changes, strict=True)
            ]
        for entry, result in zip(some, results, strict=True):
            self.replies[entry.index] = await self._told(result)

    async def _change(self, entry: Entry, resource: Resource, selection: Selection) -> Change:
        try:
            logical_id = await self._target(entry, selection)
            self._once(entry, logical_id)
            expected = expected_version(entry.conditions.if_match)
        except FhirError as problem:
            raise at_entry(problem, entry) from None
        return Change(entry.type_name, logical_id, resource, expected)

    async def _change_one(self, entry: Entry, change: Change) -> Written:
        try:
            return (await self._change_all([change]))[0]
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    async def _change_all(self, changes: Sequence[Change]) -> list[Written]:
        skip = self.call.service.skip_unchanged
        return await self.store.update_many(changes, skip_unchanged=skip)

    async def _target(self, entry: Entry, selection: Selection) -> str:
        if not entry.is_conditional:
            return entry.segments[1]
        found = selection.found.get(entry.index)
        given = (entry.resource or {}).get("id")
        return await update_target(self.store, entry.type_name, found, given)

    async def _patch(self, entry: Entry, selection: Selection) -> None:
        try:
            logical_id = self._patched(entry, selection)
            self._once(entry, logical_id)
            result = await patched(self._as(entry), self.store, logical_id)
            self.replies[entry.index] = await self._told(result)
        except FhirError as problem:
            raise at_entry(problem, entry) from None

    def _patched(self, entry: Entry, selection: Selection) -> str:
        if not entry.is_conditional:
            return entry.segments[1]
        if entry.index not in selection.found:
            raise error(Category.NOT_FOUND, f"The criteria match no {entry.type_name}.")
        return selection.found[entry.index].logical_id

    async def _told(self, result: Written) -> Reply:
        found = await doubts(self.call, self.store, result)
        return written(self.call, result.stored, created=result.created, doubts=found)


def _copy(value: Resource) -> Resource:
    """A copy deep enough to rewrite, so that a retry starts from what came."""
    return {name: _copied(member) for name, member in value.items()}


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}  # pyright: ignore
    if isinstance(value, list):
        return [_copied(item) for item in value]  # pyright: ignore
    return value

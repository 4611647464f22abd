"""batch: each entry on its own, as if it had come alone (R4 3.1.0.11.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from contextlib import nullcontext
from dataclasses import replace

from fhir_server.interactions.bundle.allowance import Allowance
from fhir_server.interactions.bundle.contents import hold
from fhir_server.interactions.bundle.entries import Entry, at_entry
from fhir_server.interactions.bundle.links import ConditionalReferences
from fhir_server.interactions.bundle.patches import patch_of
from fhir_server.interactions.bundle.responses import (
    failure_entry,
    response_bundle,
    response_entry,
)
from fhir_server.interactions.call import Call
from fhir_server.interactions.names import check_type
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Body, Row
from fhir_server.outcome import Category, FhirError, error
from resources.references import references


async def process_batch(
    call: Call, parsed: Sequence[Entry | FhirError], rows: Sequence[Row]
) -> Reply:
    """A response for each entry in its place; the entries are processed in the order of methods.

    What is wrong with one is its own response, and nothing to the others.
    """
    answers: dict[int, bytes] = {}
    entries: list[Entry] = []
    for index, each in enumerate(parsed):
        if isinstance(each, FhirError):
            answers[index] = failure_entry(each)
        else:
            entries.append(each)
    allowance = Allowance(call.service.max_answer)
    made = {entry.full_url for entry in entries if entry.method == "POST"} - {None}
    await hold(call, entries)
    for entry in sorted(entries, key=lambda entry: entry.rank):
        try:
            _check_independent(entry, made)
            reply = await perform_entry(call, entry, rows, allowance)
        except FhirError as problem:
            answers[entry.index] = failure_entry(at_entry(problem, entry))
            await asyncio.sleep(0)  # thousands that are refused at once let others go between
        else:
            told = entry.is_operation or entry.method in ("GET", "HEAD")
            answers[entry.index] = response_entry(reply, call.preference, reading=told)
    return response_bundle("batch", [answers[index] for index in range(len(parsed))])


def _check_independent(entry: Entry, made: Set[str | None]) -> None:
    """R4 3.1.0.11.1: a reference to what another entry of the batch creates is non-conformant. It
    is refused, since what would be stored leads nowhere."""
    if not made or entry.resource is None or entry.method not in ("POST", "PUT"):
        return
    for link in references(entry.resource):
        if link.text in made:
            text = "The entries of a batch cannot refer to each other; a transaction's can."
            raise error(Category.INVALID, text, link.path)


async def perform_entry(
    call: Call, entry: Entry, rows: Sequence[Row], allowance: Allowance
) -> Reply:
    """One entry by the interaction that its method and address name. Raises TOO_COSTLY where the
    bundle has asked for too much before."""
    row, values = _find_row(entry, rows)
    type_name = values.get("type", row.type_name)
    if type_name:
        check_type(type_name)
    if entry.resource is not None and row.body is Body.RESOURCE:
        await ConditionalReferences(call.store, allowance).resolve(entry.resource)
    entry_call = replace(
        call,
        type_name=type_name,
        logical_id=values.get("id", ""),
        version_id=values.get("version", ""),
        parameters=entry.parameters,
        body=entry.resource,
        patch=patch_of(entry),
        conditions=entry.conditions,
        parcels=(),
    )
    with allowance.asking() if entry.asks else nullcontext():
        reply = await row.perform(entry_call)
    if entry.asks:
        allowance.answered(reply.body)
    return replace(reply, body=b"") if entry.method == "HEAD" else reply


def _find_row(entry: Entry, rows: Sequence[Row]) -> tuple[Row, dict[str, str]]:
    method = "GET" if entry.method == "HEAD" else entry.method
    for row in rows:
        if row.method == method and (values := row.match(entry.segments)) is not None:
            return row, values
    address = "/".join(entry.segments)
    raise error(
        Category.UNKNOWN_ROUTE,
        f"{entry.method} {address[:100]!r} is no interaction that a bundle can ask for here.",
        f"{entry.path}.request.url",
    )

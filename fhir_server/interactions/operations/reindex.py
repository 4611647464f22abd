"""`$reindex`: SearchParameter resources become what can be searched by (`searchparameter.html`).

HAPI FHIR calls its operation the same. It holds for everybody, so that only a system with the right
to create and update SearchParameters may ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from fhir_server.interactions.call import Call
from fhir_server.interactions.names import check_type
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.long import Report, begin
from fhir_server.interactions.reply import Reply, outcome_body
from fhir_server.outcome import Category, Issue, error
from fhir_server.store.jobs import Stopped

_TYPE = "SearchParameter"


async def reindex(call: Call, given: Input) -> Reply:
    """202; it goes on in the background until everything is indexed, whoever ends meanwhile, and
    also where the job is given up: what is searched by is what the definitions say."""
    reindexing = call.store.reindexing
    types: tuple[str, ...] = given.all("type")
    for type_name in types:
        check_type(type_name)
    if call.logical_id:
        await call.store.read(_TYPE, call.logical_id)
    refused = await reindexing.refresh(types)
    mine = refused.get(f"{_TYPE}/{call.logical_id}")
    if mine is not None:
        raise error(Category.BUSINESS_RULE, f"It cannot be searched by: {mine}")

    async def work(report: Report) -> bytes:
        async def told(progress: str) -> None:
            with suppress(Stopped):  # who asked need not hear of it; it holds for everybody
                await report(progress)

        return _told(await reindexing.finish(told), refused)

    return await begin(call, "$reindex", work)


def _told(changed: int, refused: Mapping[str, str]) -> bytes:
    done = f"Done; {changed} resources were not up to date."
    issues = [Issue("information", "informational", done)]
    for source, why in refused.items():
        issues.append(Issue("warning", "not-supported", f"{source} is not searched by: {why}"))
    return outcome_body(issues)

"""Operations that take long: 202 at once, and an address that tells how far it is.

R4 `async.html`: `Content-Location` names the address; it answers 202 with `X-Progress` and
`Retry-After` until the work is done, then with what it came to. DELETE gives it up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.operation import OPERATION
from fhir_server.interactions.reply import Reply, outcome_body
from fhir_server.interactions.row import Row
from fhir_server.outcome import Category, FhirError, Issue
from fhir_server.store.jobs import Jobs, State, Stopped

Report: TypeAlias = Callable[[str], Awaitable[None]]
"""To be told at least every minute, in a few words, how far the work is. Raises `Stopped` where
nobody wants it any more."""
LongWork: TypeAlias = Callable[[Report], Awaitable[bytes]]
"""Comes to a resource, as JSON."""

_PLACE: Final = ("_job", "{id}")
_RETRY_AFTER: Final = ("retry-after", "2")


async def begin(call: Call, what: str, work: LongWork) -> Reply:
    """The 202 that says where to ask. `what` names the work in messages: `$reindex`."""
    jobs = call.store.jobs
    name = await jobs.add(what)
    call.service.background.start(_run(jobs, name, work))
    place = f"{call.service.base_url}/{_PLACE[0]}/{name}"
    told = Issue("information", "informational", f"{what} has begun; ask {place} how far it is.")
    return Reply(202, outcome_body([told]), (("content-location", place), _RETRY_AFTER))


async def _run(jobs: Jobs, name: str, work: LongWork) -> None:
    async def report(progress: str) -> None:
        await jobs.report(name, progress)

    try:
        await jobs.finish(name, await work(report))
    except Stopped:
        return
    except FhirError as problem:
        await jobs.fail(name, problem.category.status, outcome_body(problem.issues))
    except Exception:
        text = "The work failed for a reason that the server's log tells."
        internal = Category.INTERNAL
        outcome = outcome_body([Issue("error", internal.code, text)])
        await jobs.fail(name, internal.status, outcome)
        raise


async def _status(call: Call) -> Reply:
    """How far it is, or what it came to."""
    call.without_parameters()
    job = await call.store.jobs.find(call.logical_id)
    if job.state is State.RUNNING:
        return Reply(202, headers=(("x-progress", job.progress or "begun"), _RETRY_AFTER))
    return Reply(job.status, job.body)


async def _give_up(call: Call) -> Reply:
    """It ends as soon as it takes notice."""
    call.without_parameters()
    await call.store.jobs.stop(call.logical_id)
    return Reply(202)


JOB_ROWS: Final = (
    Row(OPERATION, "GET", _PLACE, _status),
    Row(OPERATION, "DELETE", _PLACE, _give_up),
)

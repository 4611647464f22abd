"""A walk along an index, as it was planned and no further: what it may cost is bounded.

It looks at so many documents at most (`Limits.candidates`), whatever few of them match, and sorts
no more than the plan allows; beyond that the search is too costly, and the answer says what to add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_server.search.advice import too_many
from fhir_server.search.filters import NONE
from fhir_server.search.plan import MongoPlan
from fhir_server.store.database import Document
from fhir_server.store.reach import Reach


async def settled(reach: Reach, type_name: str, planned: MongoPlan) -> MongoPlan:
    """The plan to follow: one that sorts only where there is little to sort."""
    if planned.bounded is None or planned.total is NONE:
        return planned
    if await _hold(reach, type_name, planned, planned.bounded):
        if planned.otherwise is None:
            raise too_many(type_name, planned.bounded, sorts=True)
        return planned.otherwise
    return planned


async def walked(
    reach: Reach, type_name: str, planned: MongoPlan, fields: Mapping[str, Any]
) -> list[Document]:
    """The rows of a settled plan, in its order."""
    ask = reach.database
    if planned.filter is NONE:
        return []
    if planned.candidates is None or planned.bounded is not None:
        return await ask.many(type_name, planned.filter, fields, reach.view, **_options(planned))
    return await _sifted(reach, type_name, planned, fields, dict(planned.sort))


async def gathered(
    reach: Reach, type_name: str, planned: MongoPlan, fields: Mapping[str, Any]
) -> list[Document]:
    """The rows of a plan in no order, so that there is nothing to sort."""
    if planned.filter is NONE:
        return []
    if planned.candidates is not None:
        return await _sifted(reach, type_name, planned, fields, {})
    options = _options(planned)
    options.pop("sort", None)
    return await reach.database.many(type_name, planned.filter, fields, reach.view, **options)


async def grouped(
    reach: Reach, type_name: str, planned: MongoPlan, stages: Sequence[Document]
) -> list[Document]:
    """What these stages of a pipeline make of all the rows of a plan, which has to be whole."""
    if planned.filter is NONE:
        return []
    most = reach.database.limits.candidates
    wanted = planned.filter if planned.candidates is None else planned.candidates
    if await _hold(reach, type_name, planned, most):
        raise too_many(type_name, most)
    sifted = [] if planned.candidates is None else [{"$match": planned.rest}]
    pipeline = [{"$match": wanted}, *sifted, *stages]
    return await reach.database.aggregate(
        type_name, pipeline, reach.view, hint=planned.hint, most=most
    )


def find_of(
    reach: Reach, type_name: str, planned: MongoPlan, fields: Mapping[str, Any]
) -> Document:
    """The `find` command that a plan comes to, apart from the bounds of its cost."""
    return reach.database.find(type_name, planned.filter, fields, reach.view, **_options(planned))


async def _sifted(
    reach: Reach,
    type_name: str,
    planned: MongoPlan,
    fields: Mapping[str, Any],
    sort: Mapping[str, int],
) -> list[Document]:
    """What meets the `rest`, of the first candidates."""
    most = reach.database.limits.candidates
    stages: list[Document] = [{"$match": planned.candidates}]
    if sort:
        stages.append({"$sort": sort})
    stages += [{"$limit": most}, {"$match": planned.rest}, {"$limit": planned.limit}]
    stages.append({"$project": dict(fields)})
    found = await reach.database.aggregate(
        type_name, stages, reach.view, hint=planned.hint, most=planned.limit
    )
    if len(found) < planned.limit and await _hold(reach, type_name, planned, most):
        raise too_many(type_name, most)
    return found


async def _hold(reach: Reach, type_name: str, planned: MongoPlan, most: int) -> bool:
    """Whether there are more candidates than so many, which the index tells by itself."""
    wanted = planned.filter if planned.candidates is None else planned.candidates
    counted = await reach.database.count(
        type_name, wanted, reach.view, hint=planned.hint, limit=most + 1
    )
    return counted > most


def _options(planned: MongoPlan) -> dict[str, Any]:
    """The options of `find` that keep MongoDB to the plan."""
    options: dict[str, Any] = {"limit": planned.limit}
    if planned.sort:
        options["sort"] = dict(planned.sort)
    if planned.hint is not None:
        options["hint"] = planned.hint
    if planned.low is not None:
        options["min"] = dict(planned.low)
    if planned.high is not None:
        options["max"] = dict(planned.high)
    return options

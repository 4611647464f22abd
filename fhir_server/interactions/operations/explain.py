"""`$explain`: how a search was read, what the caller's rights leave of it, and what it costs.

For developers. The reading comes from the parameters and the definitions alone. What tells of
stored data (plan, counts, what chains found) is for a system that reaches everything the search
touches; for anybody else nothing is executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from fhir_server.access.context import Interaction
from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.output import parameters_reply
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.search import query_string, read_query
from fhir_server.search.advice import narrowing
from fhir_server.search.criteria import criterion
from fhir_server.search.expression import Everything, Expression, Nothing
from fhir_server.search.query import RESULT_PARAMETERS, SearchQuery
from fhir_server.search.wording import Condition, conditions, in_words, shown
from fhir_server.store.explaining import Account, joined_types

Part = dict[str, Any]
Pair = tuple[str, str]

_SHAPING: Final = frozenset((*RESULT_PARAMETERS, "_summary", "_elements"))
_CODES: Final = frozenset(("type", "prefix", "reach", "cost"))
"""Parts that are codes, and no strings."""


async def explain(call: Call, given: Input) -> Reply:
    """The reading, and the cost where the caller may be told of it."""
    query, _ = read_query(replace(call, parameters=given.search))
    access = [_access(call, name) for name in (query.type_name, *joined_types(query))]
    account = await call.store.account(query)
    shaping = [pair for pair in query.applied if pair[0].partition(":")[0] in _SHAPING]
    selecting = [pair for pair in query.applied if pair not in shaping]
    return parameters_reply(
        _part("search", "?".join(filter(None, (query.type_name, query_string(query))))),
        *(_group("parameter", _selecting(call, pair)) for pair in selecting),
        *(_group("result", _pair(pair)) for pair in shaping),
        *(_part("ignored", shown(issue.diagnostics)) for issue in query.warnings),
        *(_part("sort", f"{'-' * key.descending}{key.parameter}") for key in query.sort),
        *access,
        *([_group("plan", _plan(query, account))] if account else ()),
    )


def _pair(pair: Pair) -> Iterator[Part]:
    yield _part("name", shown(pair[0]))
    yield _part("value", shown(pair[1]))


def _selecting(call: Call, pair: Pair) -> Iterator[Part]:
    """One parameter that selects resources, and what it asks."""
    catalogue, type_name = call.store.catalogue, call.type_name
    yield from _pair(pair)
    base, _, modifier = pair[0].partition(".")[0].partition(":")
    field = catalogue.fields(type_name).get(base)
    if field is not None:
        yield _part("type", field.type)
        if modifier:
            yield _part("modifier", modifier)
        yield {"name": "definition", "valueUri": field.definition.url}
    asked = criterion(catalogue, type_name, *pair)
    yield _part("reading", in_words(asked))
    for condition in conditions(asked):
        yield _group("condition", _condition(condition))


def _condition(condition: Condition) -> Iterator[Part]:
    yield _part("words", condition.words)
    if condition.through:
        yield _part("through", condition.through)
    for name, value in condition.facts:
        yield _part(name, value)


def _access(call: Call, type_name: str) -> Part:
    """Raises FORBIDDEN as the search would."""
    access = call.store.access
    policy = access.policy(Interaction.SEARCH, type_name)
    parts = (
        _part("type", type_name),
        _part("reach", _reach(policy)),
        _part("filter", in_words(policy)),
        _part("reason", access.explain(Interaction.SEARCH, type_name)),
    )
    return _group("access", parts)


def _reach(policy: Expression) -> str:
    match policy:
        case Everything():
            return "everything"
        case Nothing():
            return "nothing"
        case _:
            return "part"


def _plan(query: SearchQuery, account: Account) -> Iterator[Part]:
    if account.filter:
        yield _part("filter", account.filter)
    for rule in account.order:
        yield _part("order", rule)
    if account.index:
        yield _part("index", account.index)
    for name, count in (
        ("keys", account.keys),
        ("documents", account.documents),
        ("returned", account.returned),
    ):
        if account.refusal is None:
            yield {"name": name, "valueUnsignedInt": count}
    yield {"name": "blockingSort", "valueBoolean": account.sorts}
    yield _part("cost", _cost(account))
    for text in _advice(query, account):
        yield _part("advice", text)


def _cost(account: Account) -> str:
    if account.refusal is not None:
        return "too-costly"
    return "bounded" if account.bounded else "unbounded"


def _advice(query: SearchQuery, account: Account) -> Iterator[str]:
    if account.refusal is not None:
        yield str(account.refusal)
    elif not account.bounded and not account.sorts:
        yield (
            f"{account.documents} documents are looked at for {account.returned} that match; "
            f"narrow it, for example by {narrowing(query.type_name)}."
        )
    if account.sorts and query.sort:
        yield (
            "No index gives this order, so that all matches are sorted before the first is given; "
            f"{query.type_name} is walked in the order of its main date, of _lastUpdated and of "
            "_id."
        )


def _group(name: str, parts: Any) -> Part:
    return {"name": name, "part": list(parts)}


def _part(name: str, value: str | Decimal | datetime) -> Part:
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat(timespec="milliseconds")
        return {"name": name, "valueInstant": f"{text}Z"}
    if isinstance(value, Decimal):
        return {"name": name, "valueDecimal": value}
    return {"name": name, "valueCode" if name in _CODES else "valueString": value}

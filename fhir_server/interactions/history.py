"""history of one resource, of a type and of the system (R4 `http.html#history`): newest first,
deletions included.

`_since`: "only include resource versions that were created at or after the given instant in time".
`_at`: "only include resource versions that were current at some point during the time period
specified in the date time value". A version is current from its `lastUpdated` until its
successor's, a deletion too. Of both, what meets both is included.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from fhir_server.interactions.call import Call
from fhir_server.interactions.pages import bundle, history_entry
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.search import PAGE_PARAMETER
from fhir_server.outcome import Category, error
from fhir_server.search.filters import moment
from fhir_server.search.history import HistoryQuery, Period
from fhir_server.search.mixed import TYPE, searched_types
from fhir_server.search.types.date import span as span_of

HISTORY_PARAMETERS: Final = ("_count", "_since", "_at")
SYSTEM_HISTORY_PARAMETERS: Final = (TYPE, *HISTORY_PARAMETERS)
_BEFORE: Final = "_before"
"""Of our own links: where the next page of one resource's history begins."""
_PREFIX: Final = re.compile(r"[a-z]{2}(?=\d)")


async def history_instance(call: Call) -> Reply:
    """One page of the versions that the caller may see."""
    asked = _single_values(call, (*HISTORY_PARAMETERS, _BEFORE))
    page = await call.store.history(
        call.type_name,
        call.logical_id,
        count=_number(asked, "_count", call.service.default_count, call.service.max_count),
        before=_number(asked, _BEFORE, 0, 10**9) or None,
        since=_since(asked),
        at=_at(asked),
    )
    place = f"{call.type_name}/{call.logical_id}"
    following = {} if page.next_before is None else {_BEFORE: str(page.next_before)}
    links = _links(call, place, asked, following)
    entries = [history_entry(call.service.base_url, version) for version in page.versions]
    return Reply(200, bundle("history", links, entries, page.total))


async def history_type(call: Call) -> Reply:
    """One page of all versions of a type's resources that the caller may see."""
    return await _timeline(call, (*HISTORY_PARAMETERS, PAGE_PARAMETER))


async def history_system(call: Call) -> Reply:
    """The same of all types, or of those that `_type` names."""
    return await _timeline(call, (*SYSTEM_HISTORY_PARAMETERS, PAGE_PARAMETER))


async def _timeline(call: Call, taken: tuple[str, ...]) -> Reply:
    """A total is told where one page has everything, as to count costs as much as to read."""
    asked = _single_values(call, taken)
    cursor = asked.get(PAGE_PARAMETER)
    page = await call.store.timeline(_query(call, asked), cursor=cursor)
    following = {} if page.next_cursor is None else {PAGE_PARAMETER: page.next_cursor}
    links = _links(call, call.type_name, asked, following)
    entries = [history_entry(call.service.base_url, version) for version in page.versions]
    single = cursor is None and not following and asked.get("_count") != "0"
    total = len(entries) if single else None
    return Reply(200, bundle("history", links, entries, total, page.until))


def _query(call: Call, asked: dict[str, str]) -> HistoryQuery:
    types, named = (call.type_name,), True
    if not call.type_name:
        types, named = searched_types(call.parameters)
    return HistoryQuery(
        call.type_name,
        types,
        named=named,
        count=_number(asked, "_count", call.service.default_count, call.service.max_count),
        since=_since(asked),
        at=_at(asked),
        applied=tuple(pair for pair in asked.items() if pair[0] != PAGE_PARAMETER),
    )


def _links(
    call: Call, place: str, asked: dict[str, str], following: dict[str, str]
) -> list[tuple[str, str]]:
    """`self` is what was asked; the next page differs in where it begins."""
    base = "/".join(filter(None, (call.service.base_url, place, "_history")))

    def link(parameters: dict[str, str]) -> str:
        return f"{base}?{urlencode(parameters, quote_via=quote)}" if parameters else base

    links = [("self", link(asked))]
    return [*links, ("next", link({**asked, **following}))] if following else links


def _single_values(call: Call, taken: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in call.parameters:
        if name not in taken:
            usual = [each for each in taken if each not in (_BEFORE, PAGE_PARAMETER)]
            raise error(
                Category.NOT_SUPPORTED,
                f"This history takes {', '.join(usual[:-1])} and {usual[-1]}, not {name}.",
            )
        if name in values:
            raise error(Category.INVALID, f"{name} may be given once.")
        values[name] = value
    return values


def _number(asked: dict[str, str], name: str, default: int, highest: int) -> int:
    text = asked.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise error(Category.INVALID, f"{name} takes a whole number, not {text[:40]!r}.")
    return min(int(text), highest)


def _since(asked: dict[str, str]) -> datetime | None:
    text = asked.get("_since")
    if text is None:
        return None
    span = span_of(_with_plus(text))
    if span is None:
        raise error(Category.INVALID, f"_since takes an instant, not {text[:40]!r}.")
    return moment(-(-span.start // 1000))


def _at(asked: dict[str, str]) -> Period | None:
    """A year, month or day is the whole of it (R4 search.html#date)."""
    text = asked.get("_at")
    if text is None:
        return None
    if _PREFIX.match(text):
        raise error(
            Category.INVALID,
            f"_at takes a date or time without a prefix such as {text[:2]}: 2026-11 is the whole "
            "of that month. What was written since an instant is asked for by _since.",
        )
    span = span_of(_with_plus(text))
    if span is None:
        forms = "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.sss]][Z|+hh:mm]"
        raise error(Category.INVALID, f"_at takes a date of the form {forms}, not {text[:40]!r}.")
    return Period(moment(span.start // 1000), moment(-(-span.end // 1000)))


def _with_plus(text: str) -> str:
    """A plus sign in an address that was not escaped arrives as a blank."""
    return text.replace(" ", "+")

"""history of one resource (R4 `http.html#history`): newest first, deletions included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from fhir_server.interactions.call import Call
from fhir_server.interactions.pages import bundle, history_entry
from fhir_server.interactions.reply import Reply
from fhir_server.outcome import Category, error
from fhir_server.search.types.date import span as span_of


async def history_instance(call: Call) -> Reply:
    """One page of the versions that the caller may see; `_count` and `_since` as R4 has them."""
    asked = _single_values(call)
    count = _number(asked, "_count", call.service.default_count, call.service.max_count)
    before = _number(asked, "_before", 0, 10**9) or None
    page = await call.store.history(
        call.type_name, call.logical_id, count=count, before=before, since=_since(asked)
    )
    base = f"{call.service.base_url}/{call.type_name}/{call.logical_id}/_history"

    def link(**more: str) -> str:
        parameters = {**asked, **more}
        return f"{base}?{urlencode(parameters, quote_via=quote)}" if parameters else base

    links = [("self", link())]
    if page.next_before is not None:
        links.append(("next", link(_before=str(page.next_before))))
    entries = [history_entry(call.service.base_url, version) for version in page.versions]
    return Reply(200, bundle("history", links, entries, page.total))


def _single_values(call: Call) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in call.parameters:
        if name not in ("_count", "_since", "_before"):
            raise error(
                Category.NOT_SUPPORTED,
                f"The history of a resource takes _count and _since, not {name}.",
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
    span = span_of(text)
    if span is None:
        raise error(Category.INVALID, f"_since takes an instant, not {text[:40]!r}.")
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=span.start)

"""Which resources a search should find, by the words of R4 `search.html`, straight from them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.demo.served import Resource
from tests.search.words.dates import decide_date
from tests.us_core.table import element_of


def selects(resource: Resource, name: str, value: str) -> bool:
    """Whether a resource has one of the values (commas are OR) at the parameter's elements."""
    kind, path = element_of(resource["resourceType"], name)
    found = elements(resource, path)
    return any(_has(kind, each, one) for each in found for one in value.split(","))


def elements(resource: Resource, path: str) -> list[Any]:
    found: list[Any] = [resource]
    for step in path.split("."):
        name, _, url = step.partition(":")
        inner = [value for each in found for key, value in each.items() if _named(key, name)]
        found = [one for many in inner for one in (many if isinstance(many, list) else [many])]
        found = [one for one in found if not url or one["url"].endswith(f"/{url}")]
    return found


def _named(key: str, step: str) -> bool:
    if step.endswith("[x]"):
        begins = step.removesuffix("[x]")
        return key.startswith(begins) and key[len(begins) :][:1].isupper()
    return key == step


def _has(kind: str, element: Any, value: str) -> bool:
    match kind:
        case "token":
            return _is_code(element, value)
        case "date":
            return decide_date(element, value)
        case "reference":
            target = element.get("reference", "")
            return target == value or ("/" not in value and target.endswith(f"/{value}"))
        case "canonical":
            return element == value
        case _:
            return any(text.lower().startswith(value.lower()) for text in texts(element))


def codes(element: Any) -> list[tuple[str | None, str]]:
    """System and code of whatever a token parameter looks at."""
    if isinstance(element, str):
        return [(None, element)]
    codings = element.get("coding", [element])
    return [(each.get("system"), each.get("code") or each.get("value")) for each in codings]


def _is_code(element: Any, value: str) -> bool:
    system, bar, code = value.rpartition("|")
    return any(has == code and (not bar or of == (system or None)) for of, has in codes(element))


def texts(element: Any) -> list[str]:
    """The parts of a HumanName or Address that a string parameter matches (R4 `datatypes`)."""
    if isinstance(element, str):
        return [element]
    parts = ("text", "family", "given", "prefix", "suffix", "line", "city", "state")
    more = ("district", "postalCode", "country")
    inner = [element[part] for part in (*parts, *more) if part in element]
    return [one for many in inner for one in (many if isinstance(many, list) else [many])]


def when(element: Any) -> str:
    """The date itself, or the start of a Period: what a client compares with."""
    return element if isinstance(element, str) else element.get("start") or element["end"]


def moved(text: str, days: int) -> str:
    """The same time on another day."""
    day = date.fromisoformat(text[:10]) + timedelta(days=days)
    return day.isoformat() + text[10:]

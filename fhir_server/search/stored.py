"""The derived fields of a stored document, as `plan` and `filters` expect to find them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fhir_server.outcome import Category, error
from fhir_server.search import keys
from fhir_server.search.expression import Focus, IndexEntry, Span, Stretch
from fhir_server.search.ordered import keys_of
from fhir_server.search.windows import before_keys

MAX_KEYS: Final = 20_000
"""Index entries that one document may cost."""
_FOLDED_TEXT: Final = keys.FOLDED + keys.SEPARATOR


def derived_fields(entry: IndexEntry) -> dict[str, Any]:
    """`m k d e dt n p s`; `f`: the whole of those keys that are cut in `k`; `c`: composites;
    `w`: texts; `g`: place; `o`: words."""
    main = entry.main_date
    fields: dict[str, Any] = {
        "m": sorted(entry.members),
        "k": _keys(entry),
        "d": None if main is None else main.start,
        "e": None if main is None else main.end,
        "dt": _spans(entry.spans),
        "n": _ranges(entry.ranges),
        "p": sorted(entry.present),
        "s": {
            parameter: {"a": first, "z": last} for parameter, (first, last) in entry.sort.items()
        },
    }
    if long := [key for key in entry.keys if len(key) > keys.MAX_LENGTH]:
        fields["f"] = sorted(long)
    if entry.place is not None:
        fields["g"] = [entry.place.longitude, entry.place.latitude]
    if entry.texts:
        fields["w"] = {parameter: sorted(found) for parameter, found in entry.texts.items()}
    if entry.words:
        fields["o"] = {parameter: sorted(found) for parameter, found in entry.words.items()}
    if entry.composites:
        fields["c"] = {
            parameter: [_focus(each) for each in found]
            for parameter, found in entry.composites.items()
        }
    return fields


def _focus(of: Focus) -> dict[str, Any]:
    """With the names of a document's fields, so that the same filters fit."""
    fields: dict[str, Any] = {}
    if of.keys:
        fields["k"] = sorted(keys.stored(key) for key in of.keys)
    if long := [key for key in of.keys if len(key) > keys.MAX_LENGTH]:
        fields["f"] = sorted(long)
    if of.spans:
        fields["dt"] = _spans(of.spans)
    if of.ranges:
        fields["n"] = _ranges(of.ranges)
    return fields


def _spans(found: Mapping[str, tuple[Span, ...]]) -> dict[str, Any]:
    return {
        parameter: [[span.start, span.end] for span in spans] for parameter, spans in found.items()
    }


def _ranges(found: Mapping[str, tuple[Stretch, ...]]) -> dict[str, Any]:
    return {
        parameter: [_stretch(one) for one in stretches] for parameter, stretches in found.items()
    }


def _stretch(of: Stretch) -> list[Any]:
    return [of.start, of.end, list(of.scales)] if of.scales else [of.start, of.end]


def _keys(entry: IndexEntry) -> list[str]:
    alone = [key if len(key) <= keys.MAX_LENGTH else keys.stored(key) for key in entry.keys]
    found = [keys.ALL, *alone]
    foldable = [key for key in alone if key[key.index(keys.SEPARATOR) + 1] in keys.FOLDED_KINDS]
    for patient in _fronts(entry):
        found.append(keys.lone(patient))
        own, front = f"\x1fr\x1fPatient/{patient}", f"\x1f{patient}\x1f"
        found += [front + key for key in foldable if not key.endswith(own)]
        if len(found) > MAX_KEYS:
            raise error(Category.TOO_LONG, "The resource has too many values to be searched by.")
    if again := before_keys(entry.main_date):
        found += [again + key for key in found if not _is_folded_text(key)]
    found += keys_of(entry.spans, entry.ranges)
    return found


def _is_folded_text(key: str) -> bool:
    """Such keys are walked in their own order, and not by date."""
    return key[0] != keys.SEPARATOR and key.partition(keys.SEPARATOR)[2].startswith(_FOLDED_TEXT)


def _fronts(entry: IndexEntry) -> list[str]:
    """What stands in front of folded keys (`keys.NOBODY`, `keys.MANY`)."""
    if not entry.foldable:
        return [keys.MANY] if entry.members else []
    return sorted(entry.members) or [keys.NOBODY]

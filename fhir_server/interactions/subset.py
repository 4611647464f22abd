"""`_summary` and `_elements`, asked for by a read or a search (R4 3.1.1.5.8, 3.1.1.5.9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Final, cast

from fhir_server.outcome import Category, error
from resources import fhir_json, subsetting
from resources.fhir_json import Resource

Parameters = tuple[tuple[str, str], ...]

SUMMARIES: Final[dict[str, Callable[[Resource], Resource] | None]] = {
    "true": subsetting.summary,
    "text": subsetting.text_alone,
    "data": subsetting.data_alone,
    "count": None,
    "false": None,
}


@dataclass(frozen=True, slots=True)
class Subset:
    """How much of each resource is wanted."""

    applied: Parameters = ()
    """The parameters that said so, for the self link."""
    count_only: bool = False
    """`_summary=count`: the total and nothing else."""
    part: Callable[[Resource], Resource] | None = None

    def of(self, json: bytes) -> bytes:
        """The part of a resource that is wanted; the whole costs nothing."""
        if self.part is None:
            return json
        return fhir_json.dump(self.part(cast(Resource, fhir_json.parse(json))))


_WHOLE: Final = Subset()


def split_subset(type_name: str, parameters: Parameters) -> tuple[Parameters, Subset]:
    """The other parameters, then what `_summary` or `_elements` ask for. Raises INVALID."""
    asked = [pair for pair in parameters if pair[0] in ("_summary", "_elements")]
    if not asked:
        return parameters, _WHOLE
    rest = tuple(pair for pair in parameters if pair[0] not in ("_summary", "_elements"))
    if len(asked) > 1:
        raise error(Category.INVALID, "_summary and _elements are asked for once, or one of them.")
    name, value = asked[0]
    if name == "_elements":
        return rest, Subset(
            (asked[0],), part=partial(subsetting.elements, names=_names(type_name, value))
        )
    if value not in SUMMARIES:
        raise error(
            Category.INVALID, f"_summary is one of {', '.join(SUMMARIES)}, not {value[:40]!r}."
        )
    if value == "text" and any(
        pair[0].partition(":")[0] in ("_include", "_revinclude") for pair in rest
    ):
        raise error(Category.INVALID, "_summary=text goes with no _include or _revinclude.")
    return rest, Subset((asked[0],), value == "count", SUMMARIES[value])


def _names(type_name: str, value: str) -> frozenset[str]:
    """The names of `_elements`, with or without the type in front; all of them known."""
    known = subsetting.element_names(type_name)
    names = [name.strip().removeprefix(f"{type_name}.") for name in value.split(",")]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise error(
                Category.INVALID, f"{type_name} has no element {name[:40]!r} at its top.{hint}"
            )
    return frozenset(names)

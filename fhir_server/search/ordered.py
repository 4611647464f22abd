"""Keys whose order is that of their values: dates other than the main one, numbers and quantities.

The writer of keys and the planner make them here. What has a length, a Period or a Range, is
apart from what has none, so that a walk knows how far before a moment or number it has to begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fhir_server.search import keys
from fhir_server.search.expression import DateTest, RangeTest, Span, Stretch
from fhir_server.search.filters import Filter
from fhir_server.search.relations import EARLIEST, relation
from fhir_server.search.windows import DAY, YEAR

_LASTING: Final = (DAY, YEAR, None)
"""How long the dates at each place last, at most."""
_POINT: Final = "0"
_WIDE: Final = "1"
_LONGEST_SCALE: Final = 120


def date_key(parameter: str, span: Span) -> str:
    """The key of a date, by its start."""
    length = span.end - span.start
    place = next(at for at, most in enumerate(_LASTING) if most is None or length <= most)
    return _dates(parameter, place) + _moment(span.start)


def amount_keys(parameter: str, stretch: Stretch) -> Iterator[str]:
    """The keys of a number or quantity, by its start; of its scales, on those of one unit."""
    place = _POINT if stretch.start[:-1] == stretch.end[:-1] else _WIDE
    for scale in stretch.scales or (None,):
        start = _amounts(parameter, scale)
        if start is not None:
            yield start + place + stretch.start


def date_ranges(test: DateTest) -> list[Filter]:
    """The stretches of keys that hold all that meets the test; none where that is nearly all."""
    region = relation(test.prefix, test.span.start, test.span.end).within
    below = region.below if region.high is None else region.high
    if region.low is None and below is None and region.above is None:
        return []
    return [
        _between(
            _dates(test.parameter, place),
            _low(region.low, region.above, most),
            None if below is None else _moment(below),
        )
        for place, most in enumerate(_LASTING)
    ]


def _low(low: int | None, above: int | None, most: int | None) -> str | None:
    """What ends after a moment and lasts no longer than so, starts no earlier than that."""
    bounds = [] if low is None else [low]
    if above is not None and most is not None:
        bounds.append(above - most + 1)
    return _moment(max(bounds)) if bounds else None


def amount_ranges(test: RangeTest) -> list[Filter]:
    """The same of numbers; none either where the unit is not said in full."""
    region = relation(test.prefix, test.start, test.end).within
    start = _amounts(test.parameter, test.scale)
    below = region.below if region.high is None else region.high
    if start is None or (region.low is None and below is None and region.above is None):
        return []
    # No cut lies inside a point: what ends after one begins with it or later.
    points = region.above if region.low is None else region.low
    return [_between(start + _POINT, points, below), _between(start + _WIDE, region.low, below)]


def _dates(parameter: str, place: int) -> str:
    return keys.key(parameter, keys.DATE, str(place))


def _amounts(parameter: str, scale: str | None) -> str | None:
    """How the keys on a scale start. `""` and `|mg` are scales of many units."""
    if scale is not None and (not scale or scale[0] == "|" or len(scale) > _LONGEST_SCALE):
        return None
    return keys.key(parameter, keys.AMOUNT, keys.escape(scale or "") + keys.SEPARATOR)


def _moment(at: int) -> str:
    """Microseconds as text in the same order."""
    return f"{max(at - EARLIEST, 0):016x}"


def _between(start: str, low: str | None, below: str | None) -> Filter:
    last = keys.after_prefix(start) if below is None else start + below
    return {"k": {"$elemMatch": {"$gte": start + (low or ""), "$lt": last}}}


def keys_of(
    spans: Mapping[str, tuple[Span, ...]], ranges: Mapping[str, tuple[Stretch, ...]]
) -> Iterator[str]:
    """All of one resource."""
    for parameter, found in spans.items():
        for span in found:
            yield date_key(parameter, span)
    for parameter, stretches in ranges.items():
        for stretch in stretches:
            yield from amount_keys(parameter, stretch)

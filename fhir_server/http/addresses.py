"""How the segments of a FHIR address look, so that no address has two routes.

A type begins with a capital and an id with no underscore or dollar sign (R4 `http.html#general`),
so that neither is `metadata`, `_search`, `_history` or `$name`, and routes may be tried in the
order of their use.
"""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Segment(Convertor[str]):
    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class TypeSegment(_Segment):
    """A resource type, known or not."""

    regex = "[A-Z][A-Za-z]*"


class IdSegment(_Segment):
    """A logical id or a version id, or what somebody took for one."""

    regex = "[^/_$][^/]*"


register_url_convertor("fhir_type", TypeSegment())
register_url_convertor("fhir_id", IdSegment())


def route_path(path: str) -> str:
    """The path of an interaction as Starlette has it."""
    return (
        path.replace("{type}", "{type:fhir_type}")
        .replace("{id}", "{id:fhir_id}")
        .replace("{version}", "{version:fhir_id}")
    )

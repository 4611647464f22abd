"""How the segments of a FHIR address look, so that no address has two routes.

A type begins with a capital and an id with no underscore or dollar sign (R4 `http.html#general`),
so that neither is `metadata`, `_search`, `_history` or `$name`, and routes may be tried in the
order of their use.
"""

from __future__ import annotations

import re
from typing import Final

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


class Rest(_Segment):
    """Whatever else there is, line breaks too."""

    regex = "(?s:.*)"


register_url_convertor("fhir_type", TypeSegment())
register_url_convertor("fhir_id", IdSegment())
register_url_convertor("fhir_rest", Rest())

_ENCODED: Final = re.compile(rb"%(?:2[fF]|[01][0-9a-fA-F]|7[fF])")


def is_disguised(raw_path: bytes) -> bool:
    """Whether a slash or a control character is encoded in it, which no address of ours has.

    Routes see the path decoded: one segment would be two (RFC 3986 section 2.2), and a line break
    at its end would not count.
    """
    return b"%" in raw_path and _ENCODED.search(raw_path) is not None


def route_path(path: str) -> str:
    """The path of an interaction as Starlette has it."""
    return (
        path.replace("{type}", "{type:fhir_type}")
        .replace("{id}", "{id:fhir_id}")
        .replace("{version}", "{version:fhir_id}")
    )

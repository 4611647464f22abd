"""`ETag`, `If-Match` and `If-None-Match` (R4 `http.html#concurrency`, RFC 9110 section 13.1)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from fhir_server.interactions.call import Conditions
from fhir_server.outcome import Category, error
from fhir_server.store.preconditions import ALWAYS, Precondition, Tags
from fhir_server.store.versions import StoredVersion

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_LISTED: Final = re.compile(r'[ \t]*(?:(?:W/)?"([^"]*)"|(\d+))[ \t]*(?:,|$)')
_VERSION: Final = re.compile("[1-9][0-9]{0,8}", re.ASCII)


def precondition(conditions: Conditions) -> Precondition:
    """What a write expects of what is stored."""
    if conditions.if_match is None and conditions.if_none_match is None:
        return ALWAYS
    return Precondition(
        _tags("If-Match", conditions.if_match), _tags("If-None-Match", conditions.if_none_match)
    )


def _tags(header: str, text: str | None) -> Tags | None:
    """The versions that a header names: one or a list, of which one has to match, or `*`.

    A tag of ours is `W/"3"`. R4 compares weakly; a bare `3` or `"3"` is taken as well, as HAPI
    does. A tag that no version can have matches nothing.
    """
    if text is None:
        return None
    if text.strip() == "*":
        return Tags(any=True)
    tags: list[str] = []
    position = 0
    while position < len(text) and (found := _LISTED.match(text, position)):
        tags.append(found[1] if found[1] is not None else found[2])
        position = found.end()
    if position < len(text) or not tags:
        raise error(
            Category.INVALID,
            f'{header} takes versions such as W/"3", or *; {text[:80]!r} names none.',
        )
    return Tags(frozenset(int(tag) for tag in tags if _VERSION.fullmatch(tag)))


def unchanged(
    version: StoredVersion, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Whether a conditional read (R4 3.1.0.1.4) answers 304.

    `If-None-Match` takes precedence over `If-Modified-Since` (RFC 9110 section 13.2.2); a date that
    cannot be read is ignored (section 13.1.3).
    """
    if if_none_match is not None:
        if if_none_match.strip() == "*":
            return True
        return str(version.version) in _TAG.findall(if_none_match)
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    aware = since if since.tzinfo is not None else since.replace(tzinfo=UTC)
    return version.last_updated.replace(microsecond=0) <= aware

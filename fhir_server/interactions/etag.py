"""`ETag`, `If-Match` and `If-None-Match` (R4 3.1.0.5, RFC 9110 section 13.1)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from fhir_server.outcome import Category, error
from fhir_server.store.versions import StoredVersion

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


def expected_version(if_match: str | None) -> int | None:
    """The version that `If-Match` names, None without one. A tag of ours is `W/"3"`.

    R4 compares weakly; a bare `3` or `"3"` is taken as well, as HAPI does. A tag that no version
    can have matches nothing: 0.
    """
    if if_match is None:
        return None
    text = if_match.strip()
    found = _TAG.fullmatch(text)
    if found is None and not text.isdecimal():
        raise error(
            Category.INVALID, f'If-Match takes one version, such as W/"3"; {text[:80]!r} is none.'
        )
    tag = found[1] if found is not None else text
    return int(tag) if tag.isascii() and tag.isdecimal() and len(tag) < 10 else 0


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

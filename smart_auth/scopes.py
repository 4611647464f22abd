"""SMART scopes, versions 1 and 2, and when one covers another.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

_SHORT = 300
"""Longer ones, which anybody may ask for, are not kept in memory."""
IDENTITY_SCOPES = frozenset({"openid", "fhirUser"})
LAUNCH_SCOPES = frozenset({"launch/patient"})
REFRESH_SCOPES = frozenset({"offline_access", "online_access"})
SPECIAL_SCOPES = IDENTITY_SCOPES | LAUNCH_SCOPES | REFRESH_SCOPES
# Defined by SMART or OpenID Connect and often registered; not granted, as nothing here backs them.
UNBACKED_SCOPES = frozenset({"launch", "launch/encounter", "profile"})

_V1_LETTERS = {"read": "rs", "write": "cud", "*": "cruds"}
# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,500}")
_RESOURCE_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]{1,63})\."
    r"(?P<access>read|write|\*|[cruds]{1,5})(?:\?(?P<constraint>.+))?"
)
# "… in the order c, r, u, d, s": anything else is undefined and never granted.
_V2_LETTERS = re.compile(r"c?r?u?d?s?")


@dataclass(frozen=True, slots=True)
class ResourceScope:
    context: str
    """`patient`, `user` or `system`."""
    type_name: str
    """A resource type, or `*`."""
    letters: frozenset[str]
    """Of c, r, u, d, s; version 1 scopes are translated."""
    constraint: str | None
    """The search parameters of a granular scope, as written after the `?`."""
    text: str
    """The scope exactly as it was asked for, which is how it is granted."""

    @property
    def criteria(self) -> frozenset[tuple[str, str]]:
        return frozenset(parse_qsl(self.constraint or "", keep_blank_values=True))


def parse_scope(text: str) -> ResourceScope | None:
    """The resource scope that this text means; None if it means none."""
    return _kept(text) if len(text) <= _SHORT else _parse(text)


def _parse(text: str) -> ResourceScope | None:
    match = _RESOURCE_SCOPE.fullmatch(text) if _SCOPE_TOKEN.fullmatch(text) else None
    if match is None:
        return None
    access, constraint = match["access"], match["constraint"]
    if access in _V1_LETTERS:
        if constraint is not None:  # granular scopes came with version 2
            return None
        letters = _V1_LETTERS[access]
    elif _V2_LETTERS.fullmatch(access):
        letters = access
    else:
        return None
    return ResourceScope(match["context"], match["type"], frozenset(letters), constraint, text)


_kept = lru_cache(maxsize=4096)(_parse)


def is_known(text: str) -> bool:
    """Whether a client may be registered with it."""
    return text in SPECIAL_SCOPES | UNBACKED_SCOPES or parse_scope(text) is not None


def split_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a space-delimited list, each once, in their order."""
    return tuple(dict.fromkeys(scope for scope in text.split(" ") if scope))


def covers(held: Sequence[str], asked: str) -> bool:
    """Whether scopes that are held allow everything that one asked for would allow.

    A resource scope is covered when each of its letters stands in a held scope of the same
    context, whose type is the same or `*`, and whose criteria are among its own: `&` in a scope
    is AND, so more criteria mean less access. Any other scope covers only itself.
    """
    wanted = parse_scope(asked)
    if wanted is None:
        return asked in held and asked in SPECIAL_SCOPES
    allowed: set[str] = set()
    for scope in filter(None, map(parse_scope, held)):
        if (
            scope.context == wanted.context
            and scope.type_name in ("*", wanted.type_name)
            and scope.criteria <= wanted.criteria
        ):
            allowed |= scope.letters
    return wanted.letters <= allowed


def needs_patient(scopes: Iterable[str]) -> bool:
    """patient/ scopes and launch/patient mean nothing without a patient in context."""
    return any(scope == "launch/patient" or scope.startswith("patient/") for scope in scopes)


def wants_refresh(scopes: Iterable[str]) -> bool:
    return not REFRESH_SCOPES.isdisjoint(scopes)

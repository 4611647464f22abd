"""Search keys: the strings that stand in the array `k` of a stored document.

A key is `parameter␟kind␟value`. A folded key has `␟patient␟` in front, so that one index entry
says "this patient, this code". The separator is the ASCII unit separator, which validation keeps
out of FHIR strings, and which is escaped wherever it comes from a query.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

SEPARATOR: Final = "\x1f"
_ESCAPE: Final = "\x1e"
_CUT: Final = _ESCAPE + "#"
MAX_LENGTH: Final = 240
"""Longer keys are cut in the index and told apart by a hash."""

ALL: Final = SEPARATOR
"""The key that every current resource has."""
NOBODY: Final = "~"
"""Stands for the patient in front of the keys of what belongs to no patient's record."""
MANY: Final = "*"
"""Stands for the patient in front of the keys of what belongs to very many records."""

DAYS: Final = SEPARATOR + "+1"
"""In front of all keys, once more, of what lasts longer than a day (`windows`)."""
YEARS: Final = SEPARATOR + "+2"
"""The same of what lasts longer than a year. No patient's id has a `+`."""

CODE: Final = "c"
"""Kind of key: a token's code, whatever its system."""
SYSTEM_CODE: Final = "t"
"""A token's system and code."""
FOLDED: Final = "s"
"""A string without case and accents."""
EXACT: Final = "x"
"""A string as it stands."""
REFERENCE: Final = "r"
"""A reference's target."""
URI: Final = "u"
"""A URI as it stands; of a canonical also without its version."""
DATE: Final = "d"
"""The start of a date other than the main one, behind how long it lasts."""
AMOUNT: Final = "n"
"""The start of a number or quantity, behind its scale."""
PAIR: Final = "2"
"""Two codes, references or names that are often asked for together."""
WORD: Final = "w"
"""A word of the resource's text."""
FOLDED_KINDS: Final = frozenset((CODE, REFERENCE, PAIR, WORD))
"""Kinds of key that also stand behind patients: what a patient's app asks for."""

HALVES: Final = (CODE, REFERENCE, FOLDED)
"""Kinds of key of which pairs are made."""


def escape(text: str) -> str:
    """Text from data or a query, with nothing in it that could be taken for a separator."""
    if text.isprintable():
        return text
    return text.replace(_ESCAPE, "\x1e0").replace(SEPARATOR, "\x1e1").replace("\0", "\x1e2")


def key(parameter: str, kind: str, value: str) -> str:
    """The key of an (escaped) value."""
    return f"{parameter}\x1f{kind}\x1f{value}"


def parameter_of(of: str) -> str:
    """The parameter that a key, or the start of one, belongs to."""
    return of.partition(SEPARATOR)[0]


def kind_of(of: str) -> str:
    """The kind of a key, or of the start of one."""
    return of[of.index(SEPARATOR) + 1]


def stored(of: str) -> str:
    """The form in which a key is indexed: itself, or its start and a hash of the whole."""
    if len(of) <= MAX_LENGTH:
        return of
    digest = blake2b(of.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return of[:MAX_LENGTH] + _CUT + digest


def lone(patient: str) -> str:
    """The key of everything in one patient's record."""
    return SEPARATOR + patient


def folded(patient: str, of: str) -> str:
    """A stored key behind a patient."""
    return f"\x1f{patient}\x1f{of}"


def is_self(patient: str, of: str) -> bool:
    """Whether a key says no more than that it is this patient's, so that it is not folded."""
    return of.endswith(f"\x1fr\x1fPatient/{patient}")


def after_prefix(prefix: str) -> str:
    """The least string above every string that starts so."""
    last = ord(prefix[-1])
    if last == 0x10FFFF:
        return after_prefix(prefix[:-1])
    return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)


@dataclass(frozen=True, slots=True)
class Half:
    """What of a key goes into a pair."""

    value: str
    exact: bool
    """The pair says as much as the key."""


def pair_half(of: str) -> Half | None:
    """A code without its system, a reference's target or a folded string; None for other keys."""
    kind, _, value = of.partition(SEPARATOR)[2].partition(SEPARATOR)
    if kind in HALVES:
        return Half(value, exact=True)
    return Half(value.partition(SEPARATOR)[2], exact=False) if kind == SYSTEM_CODE else None


def without_system(of: str) -> str:
    """The key of a code alone that every resource with this key of system and code has too."""
    parameter, _, rest = of.partition(SEPARATOR)
    return key(parameter, CODE, rest.rpartition(SEPARATOR)[2])


def pair(name: str, first: str, second: str) -> str:
    """The key of two values that are asked for together; `name` is `category+code`."""
    return f"{name}\x1f2\x1f{first}\x1f{second}"

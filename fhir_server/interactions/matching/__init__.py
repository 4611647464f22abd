"""Whether two Patient resources speak of one person (R4 `operation-patient-match.html`), in words
and numbers that a reader can follow: see `docs/match.md`."""

from __future__ import annotations

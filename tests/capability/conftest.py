"""One running server, and a caller that reaches everything."""

from __future__ import annotations

from tests.http.conftest import served, system

__all__ = ["served", "system"]

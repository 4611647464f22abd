"""mongod's log, without anything that could be a value of somebody's record.

The message of a line of MongoDB's structured log is a constant; values stand in its attributes
(a failed plan logs its whole filter), so attributes are kept only for components that see no data.
(`security.redactClientLogData` exists in MongoDB Enterprise alone.)
"""

from __future__ import annotations

import json
from asyncio import StreamReader
from pathlib import Path
from typing import Any

SEES_NO_DATA = frozenset({"CONTROL", "STORAGE", "NETWORK", "ELECTION", "RECOVERY", "WTRECOV"})
ROTATE_AT = 8 * 1024 * 1024
LONGEST_LINE = 256 * 1024


class EngineLog:
    """Copies mongod's output to a file, cleaned, and remembers why it complained."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._structured = False
        self.complaint = "it gave no reason"

    async def pump(self, output: StreamReader) -> None:
        """Read until mongod closes its output, which it must never have to wait for."""
        rest = b""
        while chunk := await output.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            kept = [line for line in map(self.clean, lines) if line]
            if kept:
                self._append(b"\n".join(kept) + b"\n")
            if len(rest) > LONGEST_LINE:
                rest = b""

    def clean(self, line: bytes) -> bytes:
        """The line as it may be kept; empty when it may not."""
        try:
            entry: dict[str, Any] = json.loads(line)
        except ValueError:
            return self._unstructured(line)
        self._structured = True
        if entry.get("c") not in SEES_NO_DATA:
            if entry.get("s") == "I":
                return b""
            entry.pop("attr", None)
        if entry.get("s") in {"E", "F"} and entry.get("c") in SEES_NO_DATA:
            reason = entry.get("attr", {}).get("error", "")
            self.complaint = f"{entry.get('msg', '')} {reason}".strip()
        return json.dumps(entry, separators=(",", ":")).encode()

    def _unstructured(self, line: bytes) -> bytes:
        """What the loader or the option parser says comes before any structured line."""
        if self._structured or not line.strip():
            return b""
        self.complaint = line.decode(errors="replace").strip()[:300]
        return line

    def _append(self, lines: bytes) -> None:
        if self._path.exists() and self._path.stat().st_size > ROTATE_AT:
            self._path.replace(self._path.with_suffix(".log.1"))
        with self._path.open("ab") as file:
            file.write(lines)
